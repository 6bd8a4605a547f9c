"""Power cuts under load: 2 here, with about 600 pushes at 200/s; `make faults` makes 10, with 20,000.

Those of `make faults` come at 20/s, as the issue of durability has it, and at 200/s.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Serve, sqlite_url
from tests.faults.processes import children_of
from tests.faults.sending import FULL, Sender, assert_nothing_lost, eventually_drained
from tests.postgres import PostgresServer
from tests.serving import Served

KILLS = 10 if FULL else 2
PUSHES_EACH = 2000 if FULL else 300
RATES = (20, 200) if FULL else (200,)
FIRST_ANSWER_S = 3.0
BROKEN_OFF = {"ConnectionError", "ReadTimeout", "ChunkedEncodingError"}


def first_answer(served: Served, began: float) -> float:
    """Seconds until a push is answered 200."""
    assert served.push(cmd="event", type="INCOMING", user="a", callid="first").status_code == 200
    return time.monotonic() - began


def assert_whole(database: Path) -> None:
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


class PowerCuts:
    """Ends every process of a server, again and again, and notes how soon it answers after a restart."""

    def __init__(self, served: Served, sender: Sender) -> None:
        self._served = served
        self._sender = sender
        self._chance = random.Random(7)
        self._slowest = 0.0

    def make(self, kills: int, pushes_each: int) -> None:
        for kill in range(1, kills + 1):
            self._sender.wait_for(pushes_each * kill, within_s=1200)
            time.sleep(self._chance.random() / 5)
            self._served.kill()
            if (database := self._served.data_dir / "pult.db").exists():
                assert_whole(database)
            began = time.monotonic()
            self._served.start()
            self._slowest = max(self._slowest, first_answer(self._served, began))
        self._sender.wait_for(pushes_each * kills + 20)

    def assert_quick(self) -> None:
        print(f"{len(self._sender.answered)} answered; slowest first answer {self._slowest:.1f} s")
        if FULL:
            assert self._slowest < FIRST_ANSWER_S


@pytest.mark.parametrize("per_s", RATES)
def test_every_answered_push_survives_kill_9(serve: Serve, ledger: Path, per_s: int) -> None:
    served = serve()
    person = ("--name", "Anna Example", "--role", "admin", "--password-stdin")
    served.command("users", "add", "anna@pult.example", *person, stdin="correct horse battery\n")
    with Sender(served.url, ledger, per_s=per_s) as sender:
        cuts = PowerCuts(served, sender)
        cuts.make(KILLS, PUSHES_EACH)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))
    assert set(sender.statuses) <= {200, *BROKEN_OFF}
    cuts.assert_quick()


@pytest.mark.postgres
def test_every_push_that_two_processes_answered_survives_kill_9(
    serve: Serve, ledger: Path, postgres: PostgresServer
) -> None:
    with postgres.database() as url:
        served = serve(PULT_DATABASE_URL=url, PULT_WORKERS=2)
        with Sender(served.url, ledger, per_s=100) as sender:
            PowerCuts(served, sender).make(KILLS // 2, PUSHES_EACH // 2)
        eventually_drained(served.data_dir)
        assert_nothing_lost(ledger, url, lanes_in_order=False)
        served.stop()
    assert set(sender.statuses) <= {200, *BROKEN_OFF}


def test_a_worker_that_is_killed_alone_is_replaced_and_nothing_is_lost(serve: Serve, ledger: Path) -> None:
    served = serve()
    with Sender(served.url, ledger, per_s=100) as sender:
        for kill in range(1, KILLS // 2 + 1):
            sender.wait_for(100 * kill)
            [worker] = children_of(served)
            os.kill(worker, signal.SIGKILL)
            first_answer(served, time.monotonic())
        sender.wait_for(len(sender.answered) + 40)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))
    assert set(sender.statuses) <= {200, *BROKEN_OFF}


def test_a_worker_whose_master_is_killed_ends_and_makes_room_for_the_next(serve: Serve, ledger: Path) -> None:
    served = serve()
    with Sender(served.url, ledger, per_s=100) as sender:
        for kill in range(1, KILLS // 2 + 1):
            sender.wait_for(100 * kill)
            assert served.process is not None
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
            served.start()
        sender.wait_for(len(sender.answered) + 100)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))
    assert set(sender.statuses) <= {200, *BROKEN_OFF}

"""What no list of faults names and operators meet: a process that sleeps, torn files, a second server.

A process is stopped for 3 s here, 20 s in full; the rest is the same in both.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import requests

from tests.faults.admin import eventually
from tests.faults.conftest import Serve, sqlite_url
from tests.faults.disk import fill, read_only
from tests.faults.processes import children_of
from tests.faults.sending import FULL, Sender, assert_nothing_lost, eventually_drained
from tests.serving import Served

ASLEEP_S = 20 if FULL else 3
GARBAGE = b"\x00\xff no line of ours \xd0\n"
TORN = b'{"pbx_id": 1, "received_at": 17900'


def lock(served: Served) -> sqlite3.Connection:
    other = sqlite3.connect(served.data_dir / "pult.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    return other


def read(served: Served, query: str) -> list[Any]:
    """The first column of what a query finds."""
    connection = sqlite3.connect(served.data_dir / "pult.db")
    found = [row[0] for row in connection.execute(query)]
    connection.close()
    return found


def test_a_process_that_sleeps_under_load_answers_everything_when_it_wakes(
    serve: Serve, ledger: Path
) -> None:
    """A virtual machine that is moved, a debugger, a laptop's lid: nothing is refused, nothing doubled."""
    served = serve()
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        [worker] = children_of(served)
        os.kill(worker, signal.SIGSTOP)
        time.sleep(ASLEEP_S)
        os.kill(worker, signal.SIGCONT)
        sender.wait_for(len(sender.answered) + ASLEEP_S * 20)  # it catches up, too
    eventually_drained(served.data_dir)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, sqlite_url(served))


def test_a_spool_with_torn_lines_gives_every_push_that_was_answered(serve: Serve, ledger: Path) -> None:
    """Killed while the database is locked, in the middle of a line; and a disk that forgets what it holds."""
    served = serve()
    other = lock(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(40)
        served.kill()
        [file] = (served.data_dir / "spool").glob("*.jsonl")
        first, rest = file.read_bytes().split(b"\n", 1)
        file.write_bytes(first + b"\n" + GARBAGE + rest + TORN)
        other.close()
        served.start()
        sender.wait_for(80)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))
    assert read(served, "SELECT body FROM push WHERE state = 'refused'") == [GARBAGE]


def test_a_disk_that_fills_up_while_the_database_is_locked_is_answered_503(
    small_disk: Path, serve: Serve, ledger: Path
) -> None:
    served = serve(small_disk)
    other = lock(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        filler = fill(small_disk)
        eventually(lambda: sender.statuses[503] >= 20)
        filler.unlink()
        sender.wait_for(len(sender.answered) + 20)
        other.close()
        sender.wait_for(len(sender.answered) + 20)
    eventually_drained(served.data_dir)
    assert set(sender.statuses) == {200, 503}
    assert_nothing_lost(ledger, sqlite_url(served))


def test_two_servers_started_on_one_data_directory_lose_nothing(serve: Serve, ledger: Path) -> None:
    """By mistake, or by a supervisor that is too quick: two processes write one SQLite file."""
    first, second = serve(), serve()
    with Sender(first.url, ledger) as one, Sender(second.url, ledger, first_lane=4) as other:
        one.wait_for(100)
        other.wait_for(100)
    for served, kind in ((first, "INCOMING"), (second, "ACCEPTED"), (first, "COMPLETED")):
        assert served.push(cmd="event", type=kind, user="a", callid="both").status_code == 200
    eventually_drained(first.data_dir)
    assert set(one.statuses) == set(other.statuses) == {200}
    assert_nothing_lost(ledger, sqlite_url(first))
    assert read(first, "SELECT outcome FROM call WHERE callid = 'both'") == ["answered"]


def test_a_disk_that_is_read_only_at_the_start_is_waited_for(
    small_disk: Path, serve: Serve, ledger: Path
) -> None:
    """Nothing can be kept: every push is refused with 503, and taken as soon as it can be."""
    with read_only(small_disk):
        served = serve(small_disk)
        answer = served.push(cmd="event", type="INCOMING", user="a", callid="early")
        assert answer.status_code == 503
        assert requests.get(f"{served.url}/readyz", timeout=10).status_code == 503
        assert "the database is away" in served.log.read_text()
    with Sender(served.url, ledger) as sender:
        sender.wait_for(40)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))

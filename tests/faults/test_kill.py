"""Power cuts under load: 2 here, with about 600 pushes; `make faults` makes 10, with 20,000."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

from tests.faults.conftest import Serve, sqlite_url
from tests.faults.sending import FULL, Sender, assert_nothing_lost, eventually_drained
from tests.serving import Served

KILLS = 10 if FULL else 2
PUSHES_EACH = 2000 if FULL else 300
PER_S = 200
FIRST_ANSWER_S = 3.0


def restart_and_time(served: Served) -> float:
    """Seconds from the start of the process to its first 200 for a push."""
    began = time.monotonic()
    served.start()
    assert served.push(cmd="event", type="INCOMING", user="a", callid="first").status_code == 200
    return time.monotonic() - began


def integrity(database: Path) -> str:
    connection = sqlite3.connect(database)
    [answer] = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(answer)


def test_every_answered_push_survives_kill_9(serve: Serve, ledger: Path) -> None:
    served = serve()
    person = ("--name", "Anna Example", "--role", "admin", "--password-stdin")
    served.command("users", "add", "anna@pult.example", *person, stdin="correct horse battery\n")
    database = served.data_dir / "pult.db"
    chance = random.Random(7)
    slowest = 0.0
    with Sender(served.url, ledger, per_s=PER_S) as sender:
        for kill in range(1, KILLS + 1):
            sender.wait_for(PUSHES_EACH * kill, within_s=600)
            time.sleep(chance.random() / 5)
            served.kill()
            assert integrity(database) == "ok"
            slowest = max(slowest, restart_and_time(served))
        sender.wait_for(PUSHES_EACH * KILLS + 20)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))
    assert set(sender.statuses) <= {200, "ConnectionError", "ReadTimeout", "ChunkedEncodingError"}
    print(f"{len(sender.answered)} pushes answered, {KILLS} kills; slowest first answer {slowest:.1f} s")
    if FULL:
        assert slowest < FIRST_ANSWER_S


def test_pushes_that_waited_when_it_was_killed_are_stored_by_the_next(serve: Serve, ledger: Path) -> None:
    served = serve()
    other = sqlite3.connect(served.data_dir / "pult.db", isolation_level=None, check_same_thread=False)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        other.execute("BEGIN EXCLUSIVE")
        sender.wait_for(60)
        served.kill()
        other.execute("ROLLBACK")
        other.close()
        assert list((served.data_dir / "spool").glob("*.jsonl"))
        served.start()
        sender.wait_for(100)
    eventually_drained(served.data_dir)
    assert_nothing_lost(ledger, sqlite_url(served))

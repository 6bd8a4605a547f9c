"""The database locked, stopped, absent: every push is still answered 200, and afterwards all are in, once.

Locked or stopped for 5 s here; in full 30 s and 60 s.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.admin import Admin, eventually
from tests.faults.conftest import Serve, sqlite_url
from tests.faults.sending import FULL, Sender, assert_nothing_lost, eventually_drained
from tests.postgres import PostgresServer
from tests.serving import Served

LOCKED_S = 30 if FULL else 5
STOPPED_S = 60 if FULL else 5
STOPS = 5 if FULL else 1
KILLS = 10 if FULL else 2
RECOVERED_S = 30
NOT_WRITTEN = "The database cannot be written since"


def last_through(sender: Sender, seconds: float, admin_sees: Callable[[], bool]) -> None:
    """An outage of so long: pushes go on being answered, and the admin's page says what is wrong."""
    until, before = time.monotonic() + seconds, len(sender.answered)
    eventually(admin_sees)
    time.sleep(max(0.0, until - time.monotonic()))
    assert len(sender.answered) > before + (seconds - 5) * 10, "answers came too slowly meanwhile"


def assert_recovers(sender: Sender, served: Served) -> None:
    """From this moment on the database is there again."""
    began, before = time.monotonic(), len(sender.answered)
    sender.wait_for(before + 40)
    eventually_drained(served.data_dir)
    took = time.monotonic() - began
    print(f"{before} answered before, all in {took:.1f} s after")
    assert took < RECOVERED_S


def lock(database: Path) -> sqlite3.Connection:
    """Another process writes, and does not end."""
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_pushes_wait_while_another_process_locks_the_database(serve: Serve, ledger: Path) -> None:
    served = serve(PULT_LANG="en")
    admin = Admin(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        other = lock(served.data_dir / "pult.db")
        last_through(sender, LOCKED_S, lambda: admin.sees(NOT_WRITTEN) and admin.sees("locked"))
        other.close()
        assert_recovers(sender, served)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, sqlite_url(served))
    assert not admin.sees(NOT_WRITTEN)


@pytest.mark.postgres
def test_pushes_wait_while_postgresql_is_stopped(
    own_postgres: PostgresServer, database: str, serve: Serve, ledger: Path
) -> None:
    served = serve(PULT_DATABASE_URL=database, PULT_LANG="en")
    admin = Admin(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        own_postgres.stop(keep=True)
        last_through(sender, STOPPED_S, lambda: admin.sees("The database is away for the moment"))
        own_postgres.start()
        assert_recovers(sender, served)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, database)
    assert not admin.sees("is away")


@pytest.mark.postgres
def test_the_order_is_kept_when_postgresql_stops_again_while_the_spool_is_stored(
    own_postgres: PostgresServer, database: str, serve: Serve, ledger: Path
) -> None:
    served = serve(PULT_DATABASE_URL=database)
    with Sender(served.url, ledger, per_s=40) as sender:
        for _ in range(STOPS):
            own_postgres.stop(keep=True)
            sender.wait_for(len(sender.answered) + 100)
            own_postgres.start()
            eventually(lambda: _has_begun_to_store(served, database), within_s=RECOVERED_S)
        assert_recovers(sender, served)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, database)


@pytest.mark.postgres
def test_the_spool_is_left_while_a_hundred_pushes_a_second_go_on(
    own_postgres: PostgresServer, database: str, serve: Serve, ledger: Path
) -> None:
    """There is no moment without a push: the last of the spool is stored, and all come behind it."""
    served = serve(PULT_DATABASE_URL=database)
    with Sender(served.url, ledger, lanes=16, per_s=100) as sender:
        own_postgres.stop(keep=True)
        sender.wait_for(len(sender.answered) + 300)
        own_postgres.start()
        assert_recovers(sender, served)
        sender.wait_for(len(sender.answered) + 40)
    eventually_drained(served.data_dir)  # a slow machine may have sent some there again
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, database)


def test_a_kill_while_the_spool_is_left_loses_nothing_and_doubles_nothing(serve: Serve, ledger: Path) -> None:
    served, chance = serve(), random.Random(7)
    with Sender(served.url, ledger, lanes=16, per_s=100) as sender:
        for _ in range(KILLS):
            sender.wait_for(len(sender.answered) + 20)
            other = lock(served.data_dir / "pult.db")
            sender.wait_for(len(sender.answered) + 100)
            other.close()
            until = time.monotonic() + RECOVERED_S
            while not _has_begun_to_leave(served) and time.monotonic() < until:
                time.sleep(0.001)  # the moments until the file is gone are few
            time.sleep(chance.random() / 50)
            served.kill()
            served.start()
        assert_recovers(sender, served)
    eventually_drained(served.data_dir)
    assert 503 not in sender.statuses
    assert_nothing_lost(ledger, sqlite_url(served))


def _has_begun_to_leave(served: Served) -> bool:
    """Whether a part of the spool is stored, or all of it."""
    if not list((served.data_dir / "spool").glob("*.jsonl")):
        return True
    with closing(sqlite3.connect(served.data_dir / "pult.db")) as conn:
        found = conn.execute("SELECT count(*) FROM setting WHERE name LIKE 'spool:%'").fetchone()
    return bool(found[0])


def _has_begun_to_store(served: Served, database: str) -> bool:
    """Whether a part of the spool is stored: how far is noted with the pushes themselves."""
    if not list((served.data_dir / "spool").glob("*.jsonl")):
        return True  # all of it, in a moment
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT count(*) FROM setting WHERE name LIKE 'spool:%'").fetchone()
    return found is not None and found[0] > 0


@pytest.mark.postgres
def test_pushes_wait_while_another_session_locks_the_inbox(
    own_postgres: PostgresServer, database: str, serve: Serve, ledger: Path
) -> None:
    served = serve(PULT_DATABASE_URL=database, PULT_LANG="en")
    admin = Admin(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        with psycopg.connect(database) as other:
            other.execute("LOCK TABLE push IN ACCESS EXCLUSIVE MODE")
            last_through(sender, LOCKED_S, lambda: admin.sees(NOT_WRITTEN, "/admin/storage"))
        assert_recovers(sender, served)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, database)


@pytest.mark.postgres
def test_pult_starts_without_its_database_and_migrates_when_it_comes(
    own_postgres: PostgresServer, database: str, serve: Serve, ledger: Path
) -> None:
    own_postgres.stop(keep=True)  # before Pult has ever seen it
    served = serve(PULT_DATABASE_URL=database, PULT_WORKERS=2)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(40)
        own_postgres.start()
        assert_recovers(sender, served)
        sender.wait_for(len(sender.answered) + 20)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, database, lanes_in_order=False)


def test_pult_starts_before_a_new_database_that_is_locked(serve: Serve, ledger: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    other = lock(data_dir / "pult.db")
    served = serve(data_dir)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(40)
        other.close()
        assert_recovers(sender, served)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, sqlite_url(served))

"""The database locked, stopped, absent: every push is still answered 200, and afterwards all are in, once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import Serve, sqlite_url
from tests.faults.sending import FULL, Sender, assert_nothing_lost, eventually_drained
from tests.postgres import PostgresServer

LOCKED_S = 30 if FULL else 6
STOPPED_S = 60 if FULL else 5
RECOVERED_S = 30


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server of this test alone: it will be stopped."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


def test_pushes_wait_while_another_process_locks_the_database(serve: Serve, ledger: Path) -> None:
    served = serve()
    other = sqlite3.connect(served.data_dir / "pult.db", isolation_level=None, check_same_thread=False)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(LOCKED_S)
        before = len(sender.answered)
        other.execute("ROLLBACK")
        other.close()
        sender.wait_for(before + 40)
        assert eventually_drained(served.data_dir) < RECOVERED_S
    assert set(sender.statuses) == {200}
    assert before > 20 + (LOCKED_S - 5) * 10, "answers came too slowly while the database was locked"
    assert_nothing_lost(ledger, sqlite_url(served))


@pytest.mark.postgres
def test_pushes_wait_while_postgresql_is_stopped(
    serve: Serve, ledger: Path, own_postgres: PostgresServer
) -> None:
    served = serve(PULT_DATABASE_URL=own_postgres.url("postgres"), PULT_WORKERS=2)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        own_postgres.stop(keep=True)
        time.sleep(STOPPED_S)
        before = len(sender.answered)
        own_postgres.start()
        sender.wait_for(before + 40)
        assert eventually_drained(served.data_dir) < RECOVERED_S
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, own_postgres.url("postgres"), lanes_in_order=False)


@pytest.mark.postgres
def test_one_process_keeps_the_order_over_a_stop_of_postgresql(
    serve: Serve, ledger: Path, own_postgres: PostgresServer
) -> None:
    served = serve(PULT_DATABASE_URL=own_postgres.url("postgres"))
    with Sender(served.url, ledger) as sender:
        for _ in range(2):
            sender.wait_for(len(sender.answered) + 20)
            own_postgres.stop(keep=True)
            sender.wait_for(len(sender.answered) + 20)
            own_postgres.start()
        sender.wait_for(len(sender.answered) + 40)
        eventually_drained(served.data_dir)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, own_postgres.url("postgres"))


@pytest.mark.postgres
def test_pushes_wait_while_another_session_locks_the_inbox(
    serve: Serve, ledger: Path, own_postgres: PostgresServer
) -> None:
    served = serve(PULT_DATABASE_URL=own_postgres.url("postgres"))
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        with psycopg.connect(own_postgres.url("postgres")) as other:
            other.execute("LOCK TABLE push IN ACCESS EXCLUSIVE MODE")
            time.sleep(LOCKED_S)
            before = len(sender.answered)
        sender.wait_for(before + 40)
        assert eventually_drained(served.data_dir) < RECOVERED_S
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, own_postgres.url("postgres"))


@pytest.mark.postgres
def test_pult_starts_without_its_database_and_migrates_when_it_comes(
    serve: Serve, ledger: Path, own_postgres: PostgresServer
) -> None:
    own_postgres.stop(keep=True)
    served = serve(PULT_DATABASE_URL=own_postgres.url("postgres"), PULT_WORKERS=2)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(40)
        own_postgres.start()
        sender.wait_for(80)
        assert eventually_drained(served.data_dir) < RECOVERED_S
        sender.wait_for(len(sender.answered) + 20)
    assert set(sender.statuses) == {200}
    assert_nothing_lost(ledger, own_postgres.url("postgres"), lanes_in_order=False)

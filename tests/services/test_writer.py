"""The one writer: one transaction for many, each function's failure its own, and outages told at once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Setting
from app.services.changes import Change
from app.services.database import own_engine
from app.services.intake import Incoming
from app.services.outage import Unavailable
from app.services.writer import Unit, Writer
from tests.services.pushes import event


@pytest.fixture
def other(app: Flask) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the same file."""
    path = app.extensions["pult"].settings.data_dir / "pult.db"
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def keep(unit: Unit, name: str, value: str = "1") -> str:
    unit.conn.execute(insert(Setting).values(name=name, value=value))
    unit.changes.append(Change("settings", 0))
    return name


def kept() -> list[str]:
    db.session.rollback()
    names = db.session.execute(select(Setting.name).where(Setting.name.startswith("t-"))).scalars()
    return sorted(names)


def hold_up(writer: Writer) -> threading.Event:
    """Keep the writer busy until the event is set, so that what is handed to it gathers in one group."""
    free = threading.Event()
    writer.post(lambda _unit: free.wait(10))
    time.sleep(0.05)
    return free


def in_background(writer: Writer, *names: str, outcomes: dict[str, Any]) -> list[threading.Thread]:
    def submit(name: str) -> None:
        try:
            outcomes[name] = writer.write(keep, name)
        except (IntegrityError, Unavailable) as error:
            outcomes[name] = error

    threads = []
    for name in names:
        threads.append(threading.Thread(target=submit, args=(name,)))
        threads[-1].start()
        time.sleep(0.02)
    return threads


def test_a_result_comes_back_after_the_commit(any_app: Flask) -> None:
    writer = any_app.extensions["pult"].writer
    assert writer.write(keep, "t-1") == "t-1"
    assert kept() == ["t-1"]


def test_a_function_that_fails_takes_no_other_with_it(any_app: Flask) -> None:
    writer = any_app.extensions["pult"].writer
    writer.write(keep, "t-twice")
    free, outcomes = hold_up(writer), dict[str, Any]()
    threads = in_background(writer, "t-a", "t-twice", "t-b", outcomes=outcomes)
    free.set()
    for thread in threads:
        thread.join()
    assert (outcomes["t-a"], outcomes["t-b"]) == ("t-a", "t-b")
    assert isinstance(outcomes["t-twice"], IntegrityError)
    assert kept() == ["t-a", "t-b", "t-twice"]
    assert writer.outage is None


def test_a_locked_database_is_an_outage_for_all_who_wait(app: Flask, other: sqlite3.Connection) -> None:
    writer: Writer = app.extensions["pult"].writer
    free, outcomes = hold_up(writer), dict[str, Any]()
    threads = in_background(writer, "t-a", outcomes=outcomes)
    free.set()
    time.sleep(0.1)
    for thread in threads:
        thread.join()
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    threads = in_background(writer, "t-b", "t-c", "t-d", outcomes=outcomes)
    for thread in threads:
        thread.join()
    assert all(isinstance(outcomes[name], Unavailable) for name in ("t-b", "t-c", "t-d"))
    assert time.monotonic() - began < 4, "each waited for the lock by itself"
    assert writer.outage is not None and "locked" in writer.outage.reason
    other.execute("ROLLBACK")
    writer.write(keep, "t-e")
    assert writer.outage is None
    assert kept() == ["t-a", "t-e"]


def test_a_commit_that_fails_leaves_no_transaction_open(app: Flask) -> None:
    writer: Writer = app.extensions["pult"].writer

    def unkept_promise(unit: Unit) -> None:
        unit.conn.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        child = "CREATE TABLE child (parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        unit.conn.execute(text(child))
        unit.conn.execute(text("INSERT INTO child VALUES (7)"))

    with pytest.raises(IntegrityError):
        writer.submit(unkept_promise)
    assert writer.write(keep, "t-after") == "t-after"
    assert kept() == ["t-after"]


def test_a_wrong_statement_is_no_outage(any_app: Flask) -> None:
    writer: Writer = any_app.extensions["pult"].writer
    with pytest.raises(Exception, match="syntax"):
        writer.submit(lambda unit: unit.conn.execute(text("SELEKT 1")))
    assert writer.outage is None
    assert writer.write(keep, "t-after") == "t-after"


def test_tables_that_are_not_there_yet_are_an_outage(any_app: Flask) -> None:
    writer: Writer = any_app.extensions["pult"].writer
    with pytest.raises(Unavailable):
        writer.submit(lambda unit: unit.conn.execute(text("SELECT * FROM made_by_no_migration")))


def test_a_broken_announcement_does_not_end_the_writer(app: Flask) -> None:
    def broken(_changes: object) -> None:
        raise RuntimeError("nobody listens")

    writer = Writer(own_engine(app.extensions["pult"].settings.database_url), broken)
    assert writer.write(keep, "t-1") == "t-1"
    assert writer.write(keep, "t-2") == "t-2"
    writer.stop()


def test_what_was_handed_over_before_the_stop_is_written(app: Flask) -> None:
    writer = Writer(own_engine(app.extensions["pult"].settings.database_url))
    for number in range(5):
        writer.post(lambda unit, number=number: keep(unit, f"t-{number}"))
    writer.stop()
    assert len(kept()) == 5


def test_a_push_whose_commit_was_never_heard_of_is_stored_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = app.extensions["pult"]
    submit = runtime.writer.submit

    def lost_answer(job: Any, timeout_s: float = 20.0) -> Any:
        submit(job, timeout_s)
        raise Unavailable("the connection was lost at COMMIT")

    push = event("INCOMING", "a")
    with monkeypatch.context() as patched:
        patched.setattr(runtime.writer, "submit", lost_answer)
        runtime.intake.accept(push)
    runtime.intake.accept(event("ACCEPTED", "a"))
    assert runtime.intake.drain() == 2
    stored = db.session.execute(text("SELECT body, source FROM push ORDER BY id")).all()
    assert [(b"INCOMING" in body, source) for body, source in stored] == [(True, "http"), (False, "spool")]


def test_a_push_that_no_table_takes_goes_to_the_spool_not_to_an_error(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = app.extensions["pult"]

    def broken(*_: object) -> None:
        raise ArithmeticError("neither stored nor kept as bad")

    def accept(push: Incoming) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("app.services.intake.store", broken)
            patched.setattr("app.services.intake.store_bad", broken)
            runtime.intake.accept(push)

    accept(event("INCOMING", "a"))
    assert runtime.intake.drain() == 1
    assert db.session.execute(text("SELECT state FROM push")).scalars().all() == ["ok"]

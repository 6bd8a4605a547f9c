"""Back from the spool to the database while pushes go on coming: in order, once, whatever fails meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Push
from app.services import acceptance, intake
from app.services.outage import Unavailable
from app.services.writer import Unit, Writer
from tests.services.door import WITHIN_S, Crash, Door, drain_while_held
from tests.services.pushes import event


@pytest.fixture
def door(any_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    runtime = any_app.extensions["pult"]
    monkeypatch.setattr(acceptance, "DRAINED_AT_ONCE", 3)
    door = Door(runtime.writer, tmp_path / "spool", runtime.intake)
    yield door
    door.all_answered()


@pytest.fixture
def at_each_batch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Does something in the writer's thread, in the transaction of each batch of the spool."""

    def patch(act: Callable[[], None]) -> None:
        move = acceptance._move

        def acting(*args: Any, **named: Any) -> None:
            move(*args, **named)
            act()

        monkeypatch.setattr(acceptance, "_move", acting)

    return patch


def inbox() -> list[str]:
    with db.engine.connect() as conn:
        return list(conn.execute(select(Push.callid).order_by(Push.id)).scalars())


def fail_once(monkeypatch: pytest.MonkeyPatch, writer: Writer, *, after_commit: bool) -> None:
    """The next transaction of more than one function fails, before its COMMIT or after it."""
    transaction = writer._transaction

    def failing(jobs: list[Any]) -> Any:
        if len(jobs) > 1:
            monkeypatch.setattr(writer, "_transaction", transaction)
            if after_commit:
                transaction(jobs)
            raise Unavailable("the connection was lost")
        return transaction(jobs)

    monkeypatch.setattr(writer, "_transaction", failing)


def test_the_spool_is_left_though_a_push_comes_with_each_batch(
    door: Door, at_each_batch: Callable[[Callable[[], None]], None]
) -> None:
    came: list[str] = []

    def one_more() -> None:
        came.append(f"came-{len(came)}")
        door.arrives(came[-1])

    at_each_batch(one_more)
    waited = [f"waited-{number}" for number in range(7)]
    door.spooled(*waited)
    door.intake.drain(2)
    door.all_answered()
    assert door.spool.own() is None and not list(door.folder.iterdir())
    assert not door.spool.is_waiting
    assert inbox() == waited + came


def test_who_comes_behind_the_last_batch_goes_to_the_database_with_it(door: Door) -> None:
    door.spooled("a", "b")
    go_on = drain_while_held(door, "c", "d")
    assert not door.spool.is_waiting
    assert list(door.folder.iterdir()), "until the last batch is committed, the file is all there is"
    assert go_on() is None
    assert inbox() == ["a", "b", "c", "d"]
    assert not list(door.folder.iterdir())


@pytest.mark.parametrize("after_commit", [False, True], ids=["not-committed", "answer-lost"])
def test_a_last_batch_that_fails_waits_again_before_those_behind_it(
    door: Door, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    door.spooled("a", "b")
    go_on = drain_while_held(door, "c")
    fail_once(monkeypatch, door.writer, after_commit=after_commit)
    assert isinstance(go_on(), Unavailable)
    assert door.spool.is_waiting
    door.writer.submit(lambda _unit: None)  # the database is back, the spool is not drained yet
    door.arrives("d")
    door.all_answered()
    assert door.in_file() == ["a", "b", "c", "d"]
    door.intake.drain()
    assert inbox() == ["a", "b", "c", "d"]
    assert not list(door.folder.iterdir())


def test_who_reaches_the_writer_only_after_the_last_batch_has_failed_does_not_overtake_it(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.spooled("a", "b")
    go_on = drain_while_held(door, "c")
    submit, on_its_way, delayed = door.writer.submit, threading.Event(), threading.Event()

    def late(*args: Any) -> Any:
        monkeypatch.setattr(door.writer, "submit", submit)
        on_its_way.set()
        assert delayed.wait(WITHIN_S)
        return submit(*args)

    monkeypatch.setattr(door.writer, "submit", late)
    sender = threading.Thread(target=door.intake.accept, args=(event("INCOMING", "a", "late"),))
    sender.start()
    assert on_its_way.wait(WITHIN_S)
    fail_once(monkeypatch, door.writer, after_commit=False)
    assert isinstance(go_on(), Unavailable)
    delayed.set()
    sender.join(WITHIN_S)
    assert inbox() == []
    assert door.in_file() == ["a", "b", "c", "late"]
    door.intake.drain()
    assert inbox() == ["a", "b", "c", "late"]


def test_a_push_of_the_last_batch_that_no_table_takes_is_not_overtaken(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = intake.store

    def broken(unit: Unit, push: Any, limits: Any) -> int:
        if push.message.callid == "bad":
            raise ArithmeticError("not for any table")
        return store(unit, push, limits)

    monkeypatch.setattr(intake, "store", broken)
    door.spooled("bad", "b")
    assert drain_while_held(door, "c")() is None
    door.intake.drain()
    assert inbox() == ["bad", "b", "c"]
    assert not list(door.folder.iterdir())
    assert door.writer.outage is None


def test_a_push_that_comes_between_waits_behind_the_last_batch(door: Door) -> None:
    """It had seen that pushes wait, and is put there a moment after the last batch was taken out."""
    door.spooled("a", "b")
    go_on = drain_while_held(door)
    door.spooled("between")
    door.arrives("c")
    door.all_answered()
    assert door.in_file() == ["a", "b", "between", "c"]
    assert go_on() is None
    assert inbox() == ["a", "b", "between", "c"]
    assert not list(door.folder.iterdir())


def test_a_process_that_dies_before_the_last_batch_is_committed_has_all_of_it_on_disk(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.spooled("a", "b", "c", "d")
    enqueue = door.intake._enqueue

    def dies(file: Any, batch: Any) -> None:
        if len(batch.lines) < acceptance.DRAINED_AT_ONCE:
            raise Crash
        enqueue(file, batch)

    monkeypatch.setattr(door.intake, "_enqueue", dies)
    with pytest.raises(Crash):
        door.intake.drain()
    assert inbox() == ["a", "b", "c"]
    heir = door.dies()
    heir.intake.drain()
    assert inbox() == ["a", "b", "c", "d"]
    assert not list(door.folder.iterdir())


def test_a_process_that_dies_before_it_gives_the_file_up_has_stored_nothing_twice(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_stored: int) -> bool:
        raise Crash

    door.spooled("a", "b")
    monkeypatch.setattr(door.spool, "finish", dies)
    assert isinstance(drain_while_held(door, "c")(), Crash)
    door.spooled("d")
    assert inbox() == ["a", "b", "c"]
    heir = door.dies()
    assert heir.spool.is_waiting
    heir.intake.drain()
    assert inbox() == ["a", "b", "c", "d"]
    assert not list(door.folder.iterdir())

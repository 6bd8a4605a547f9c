"""`pult rebuild`: the same rows once more, whatever was done to them; nothing that follows a call again."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, insert, select, update

from app.cli.rebuild import rebuild
from app.extensions import db
from app.models import (
    Call,
    CallDate,
    CallDay,
    CallHour,
    CallKey,
    CallMonth,
    Contact,
    DialIntent,
    Leg,
    Phone,
    Push,
    Reaction,
)
from app.pbx.traffic import backlog
from app.services import intake, projection
from app.services.clock import now
from app.services.intake import Incoming
from app.services.projection import recount
from app.services.tracking import Limits
from app.services.writer import Unit
from tests.faults.sending import FULL
from tests.services.projections import dump
from tests.services.pushes import event, history, push, take

CALLS_A_DAY = 8000 if FULL else 100
PUSHES = 100_000 if FULL else 2000
WITHIN_S = 60
PATIENCE_S = 120.0  # for one batch, on a machine that has other work


def traffic(app: Flask) -> list[Incoming]:
    """Pushes of past days, as many as this run asks for."""
    zone = app.extensions["pult"].limits.zone
    past = backlog(30 if FULL else 7, now(), zone=zone, calls_a_day=CALLS_A_DAY)[-PUSHES:]
    assert len(past) == PUSHES
    return [push(one.at, **one.form) for one in past]


def _store_all(unit: Unit, some: list[Incoming], limits: Limits) -> None:
    for one in some:
        intake.store(unit, one, limits)


def take_all(app: Flask, pushes: list[Incoming]) -> None:
    """Many pushes, many at a time."""
    runtime = app.extensions["pult"]
    for start in range(0, len(pushes), 500):
        some = pushes[start : start + 500]
        store = partial(_store_all, some=some, limits=runtime.limits)
        runtime.writer.submit(store, timeout_s=PATIENCE_S)
    while runtime.writer.write(projection.reap, runtime.limits):
        pass


def dumped(app: Flask) -> dict[str, list[dict[str, Any]]]:
    with db.engine.connect() as conn:
        return dump(conn)


def run(app: Flask) -> str:
    """`pult rebuild`, as the command line runs it."""
    done = CliRunner().invoke(rebuild, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def execute(app: Flask, *statements: Any) -> None:
    app.extensions["pult"].writer.submit(lambda unit: [unit.conn.execute(one) for one in statements])


def test_a_rebuild_of_sound_rows_changes_none(any_app: Flask) -> None:
    take_all(any_app, traffic(any_app)[-400:])
    before = dumped(any_app)
    assert f"{len(before['call'])} calls, 0 changed" in run(any_app)
    assert dumped(any_app) == before


def test_a_rebuild_of_many_calls_is_quick_and_changes_none(app: Flask) -> None:
    take_all(app, traffic(app))
    before = dumped(app)
    assert len(before["call"]) > PUSHES / 12
    began, working = time.monotonic(), time.process_time()
    assert f"{len(before['call'])} calls, 0 changed" in run(app)
    took, worked = time.monotonic() - began, time.process_time() - working
    assert dumped(app) == before
    print(f"{PUSHES} pushes, {len(before['call'])} calls rebuilt in {took:.1f} s, {worked:.1f} s of work")
    if FULL:
        assert worked < WITHIN_S  # other work on the machine is not ours


def test_a_rebuild_mends_whatever_was_done_to_the_rows(any_app: Flask) -> None:
    take_all(any_app, traffic(any_app)[-400:])
    before = dumped(any_app)
    execute(
        any_app,
        update(Call).values(outcome="other", duration_s=7, started_at=Call.started_at - 86_400_000),
        delete(Leg),
        update(CallHour).values(calls=CallHour.calls + 3),
        delete(CallDate),
        update(CallDay).values(wait_s=1),
        insert(CallDay).values(day="1999-01-01", account_id=1, direction="in", outcome="missed", calls=1),
        insert(CallMonth).values(month="1999-01", account_id=1, direction="in", outcome="missed", calls=1),
        update(Phone).values(calls=99),
    )
    run(any_app)
    after = dumped(any_app)
    for table in ("call", "leg", "call_hour", "call_date", "call_day", "call_month", "phone"):
        assert after[table] == before[table], table


def test_a_rebuild_leaves_calls_whose_trail_is_gone(any_app: Flask) -> None:
    take(any_app, history("a", duration="40", callid="old"), history("a", duration="50", callid="new"))
    old = select(CallKey.id).where(CallKey.callid == "old")
    execute(any_app, delete(Push).where(Push.call_key_id.in_(old)))
    before = dumped(any_app)
    said = run(any_app)
    assert dumped(any_app) == before
    assert "1 calls" in said


def test_a_rebuild_repeats_no_reaction_and_makes_no_contact(any_app: Flask) -> None:
    take(
        any_app, history("pbx", "missed", duration="12"), history("a", type="out", callid="c-2", duration="5")
    )
    execute(any_app, update(Reaction).values(due_at=None, done_at=1))
    execute(any_app, update(Call).values(outcome="other"))
    run(any_app)
    with db.engine.connect() as conn:
        assert set(conn.execute(select(Reaction.due_at, Reaction.done_at))) == {(None, 1)}
        assert conn.execute(select(Contact)).all() == []
        assert conn.execute(select(DialIntent)).all() == []


def test_a_transferred_call_is_rebuilt_as_one(any_app: Flask) -> None:
    take(
        any_app,
        event("INCOMING", "a", "A"),
        event("ACCEPTED", "a", "A"),
        history("c", callid="B", duration="75"),
        event("TRANSFERRED", "a", "A", second_callid="B"),
    )
    before = dumped(any_app)
    run(any_app)
    assert dumped(any_app) == before
    assert len(before["call"]) == 1


def test_a_rebuild_that_is_stopped_keeps_what_it_did_and_says_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_all(app, traffic(app)[-300:])
    before = dumped(app)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recount, "days", interrupted)
    stopped = CliRunner().invoke(rebuild)
    assert stopped.exit_code == 130
    assert "start it again" in stopped.output
    assert dumped(app) == before

"""Calls of which nothing more is heard: closed as `no_end`, never missed, repaired by whatever comes late."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.extensions import db
from app.models import Call, CallHour, Contact, Reaction
from app.services import debts, projection, reactions
from app.services.clock import now
from tests.personas import new_user
from tests.services.pushes import event, history, take

RING_MAX_MS, TALK_MAX_MS = 120_000, 14_400_000


def reap(app: Flask) -> None:
    runtime = app.extensions["pult"]
    while runtime.writer.write(projection.reap, runtime.limits):
        pass


def call() -> Call:
    db.session.rollback()
    return db.session.execute(select(Call)).scalar_one()


def hours() -> dict[str, int]:
    return {row.outcome: row.calls for row in db.session.execute(select(CallHour)).scalars()}


def owed() -> int:
    with db.engine.connect() as conn:
        return debts.count_for(conn, None, now())


def react(app: Flask) -> None:
    """What follows a call, as if its 20 s had passed."""
    runtime = app.extensions["pult"]
    make_due = update(Reaction).where(Reaction.due_at.is_not(None)).values(due_at=1)
    runtime.writer.submit(lambda unit: unit.conn.execute(make_due).rowcount)
    reactions.run_due(runtime.writer, db.engine, now())


@pytest.mark.parametrize(
    "kinds", [["INCOMING"], ["INCOMING", "ACCEPTED"], ["INCOMING", "INCOMING", "CANCELLED"]]
)
def test_a_stuck_call_is_shown_as_missed_nowhere(any_app: Flask, kinds: list[str]) -> None:
    long_ago = now() - TALK_MAX_MS - 3_600_000
    people = ("a", "b", "a")
    take(any_app, *(event(kind, who, at=long_ago) for kind, who in zip(kinds, people, strict=False)))
    reap(any_app)
    react(any_app)
    supervisor = new_user(any_app, "supervisor")
    assert owed() == 0
    for page in ("/missed", "/calls?outcome=missed", "/wallboard"):
        assert f'data-callid="{call().callid}"' not in supervisor.get(page).text, page
    assert f'data-callid="{call().callid}"' in supervisor.get("/calls?outcome=no_end").text
    assert db.session.execute(select(Contact)).all() == []


def test_a_stuck_call_that_turns_out_missed_is_owed_a_call_back(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", at=now() - RING_MAX_MS - 60_000))
    reap(any_app)
    react(any_app)
    take(any_app, history("pbx", "missed", duration="130"))
    react(any_app)
    assert owed() == 1


def test_a_ring_without_end_is_closed_but_not_missed(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", at=now() - RING_MAX_MS - 1000))
    reap(any_app)
    assert call().outcome == "no_end"
    assert call().due_at is None
    assert hours() == {"no_end": 1}
    assert owed() == 0


def test_a_talk_without_end_is_closed_but_not_missed(any_app: Flask) -> None:
    long_ago = now() - TALK_MAX_MS - 60_000
    take(any_app, event("INCOMING", "a", at=long_ago), event("ACCEPTED", "a", at=long_ago + 5000))
    reap(any_app)
    assert call().outcome in ("no_end", "answered")
    assert call().outcome != "missed"
    assert owed() == 0


def test_a_ring_that_is_not_old_enough_goes_on(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", at=now() - RING_MAX_MS + 20_000))
    reap(any_app)
    assert call().outcome == "ringing"


@pytest.mark.parametrize("late", ["event", "history", "missed"])
def test_a_late_push_repairs_it_and_its_counts(any_app: Flask, late: str) -> None:
    take(any_app, event("INCOMING", "a", at=now() - RING_MAX_MS - 60_000))
    reap(any_app)
    assert call().outcome == "no_end"
    pushes = {
        "event": event("COMPLETED", "a"),
        "history": history("a", duration="40"),
        "missed": history("pbx", "missed", duration="130"),
    }
    take(any_app, pushes[late])
    reap(any_app)
    db.session.rollback()
    assert call().outcome == ("missed" if late == "missed" else "answered")
    assert sum(hours().values()) <= 1 and "no_end" not in hours()
    assert owed() == 0 or late == "missed"


def test_the_reaper_works_through_more_stuck_calls_than_one_batch(any_app: Flask) -> None:
    old = now() - RING_MAX_MS - 1000
    take(any_app, *(event("INCOMING", "a", f"c-{number}", at=old) for number in range(120)))
    reap(any_app)
    assert hours() == {"no_end": 120}

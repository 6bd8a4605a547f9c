"""A push in, a call out: the inbox, the rows it is projected to, the counts."""

from __future__ import annotations

import sqlite3

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import (
    Call,
    CallDay,
    CallFacet,
    CallHour,
    Did,
    Phone,
    Push,
    Reaction,
    Recording,
)
from app.services import intake, projection
from app.services.clock import now
from tests.services.pushes import event, history, push, take
from tests.services.stored import legs, only, rows

DAY_MS = 24 * 3600 * 1000
LINK = "https://records.example/a.mp3"


def test_a_group_call_is_one_row_with_a_leg_for_each_phone(any_app: Flask) -> None:
    take(
        any_app,
        event("INCOMING", "a"),
        event("INCOMING", "b"),
        event("CANCELLED", "a"),
        event("ACCEPTED", "b"),
        event("COMPLETED", "b"),
        history("b", duration="98", link=LINK),
    )
    call = only(Call)
    assert (call.outcome, call.duration_s, call.recorded, call.final) == ("answered", 98, True, True)
    assert {login: leg.result for login, leg in legs().items()} == {"a": "cancelled", "b": "answered"}
    assert [(leg.outcome, leg.started_at, leg.recorded) for leg in legs().values()] == [
        ("answered", call.started_at, True)
    ] * 2
    assert only(Phone).number == "+79000000001"
    assert only(Did).number == "+74950000001"
    assert only(Recording).link == LINK
    assert len(rows(Push)) == 6


def test_the_counts_follow_a_call_that_changes_its_outcome(any_app: Flask) -> None:
    start = now() - 3600_000
    take(any_app, event("INCOMING", "a", at=start), event("CANCELLED", "a", at=start + 9000))
    limits = any_app.extensions["pult"].limits
    any_app.extensions["pult"].writer.write(projection.reap, limits)
    assert {(row.outcome, row.calls) for row in rows(CallHour)} == {("missed", 1)}
    take(any_app, history("a", duration="40"))
    assert {(row.outcome, row.calls) for row in rows(CallHour)} == {("answered", 1)}
    assert {(row.outcome, row.calls, row.duration_s) for row in rows(CallDay) if row.calls} == {
        ("answered", 1, 40)
    }
    assert only(Phone).calls == 1
    assert {facet.outcome for facet in rows(CallFacet)} >= {"missed", "answered"}


def test_a_live_call_counts_nowhere_yet(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a"))
    assert rows(CallHour) == []
    assert only(Call).due_at is not None


def test_a_repeated_push_changes_nothing_but_the_inbox(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a"), history("a", duration="40"))
    before = {name: value for name, value in vars(only(Call)).items() if name != "_sa_instance_state"}
    take(any_app, history("a", duration="40"))
    after = {name: value for name, value in vars(only(Call)).items() if name != "_sa_instance_state"}
    assert after == before
    assert len(rows(Push)) == 3


def test_a_reaction_waits_until_the_outcome_has_stood(any_app: Flask) -> None:
    take(any_app, history("pbx", "missed", duration="136"))
    reaction = only(Reaction)
    assert reaction.done_at is None
    assert reaction.due_at >= now() + 15_000
    take(any_app, event("ACCEPTED", "a"))
    assert only(Call).outcome != "missed"


def test_the_switch_and_groups_are_no_people(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "g_1"), history("pbx", "missed", duration="136"))
    call = only(Call)
    assert (call.outcome, call.account_id, call.duration_s, call.wait_s) == ("missed", None, 0, 136)
    assert legs() == {}


def test_a_withheld_number_has_no_phone(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", phone="anonymous"))
    assert only(Call).phone_id is None
    assert rows(Phone) == []


def test_a_question_about_a_contact_makes_no_call(any_app: Flask) -> None:
    take(any_app, push(cmd="contact", callid="c-9"))
    assert rows(Call) == []
    assert only(Push).cmd == "contact"


@pytest.mark.parametrize("callid", ["x" * 5000, "9" * 5000, "ё" * 3000])
def test_a_callid_of_any_length_is_one_call(any_app: Flask, callid: str) -> None:
    take(any_app, event("INCOMING", "a", callid), event("ACCEPTED", "a", callid))
    assert only(Call).outcome == "talking"


def test_a_rating_is_attached_to_its_call(any_app: Flask) -> None:
    take(any_app, history("a", duration="40"), push(cmd="rating", callid="c-1", rating="4", user="a"))
    assert only(Call).rating == 4


def test_a_push_that_cannot_become_a_call_is_kept_as_bad(any_app: Flask) -> None:
    runtime = any_app.extensions["pult"]
    runtime.writer.write(intake.store_bad, event("INCOMING", "a"), "OverflowError()")
    assert (only(Push).state, only(Push).error) == ("bad", "OverflowError()")
    assert db.session.scalar(select(func.count()).select_from(Call)) == 0


def test_what_another_process_writes_is_not_overlooked(app: Flask) -> None:
    """The writer remembers the calls of this hour; a command may have changed them meanwhile."""
    take(app, event("INCOMING", "a"), event("ACCEPTED", "a"))
    call = only(Call)
    with sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db") as beside:
        beside.execute("UPDATE call SET outcome = 'other', answered_at = NULL")
    beside.close()
    take(app, event("ACCEPTED", "a"))
    assert (only(Call).outcome, only(Call).answered_at) == ("talking", call.answered_at)

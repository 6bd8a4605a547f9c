"""Callids that return, and transfers that join two, whichever comes first: the rows of the call rules."""

from __future__ import annotations

from flask import Flask

from app.models import Call, CallHour, CallKey, CallRedirect, Phone, Recording
from app.services.clock import now
from tests.services.pushes import event, history, take
from tests.services.stored import legs, only, rows

DAY_MS = 24 * 3600 * 1000
LINK = "https://records.example/a.mp3"


def test_a_transfer_joins_a_call_that_stands_by_itself_already(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", "A"), event("ACCEPTED", "a", "A"))
    take(any_app, history("c", callid="B", duration="75", link=LINK))
    first, second = rows(Call)
    take(any_app, event("TRANSFERRED", "a", "A", second_callid="B"))
    call = only(Call)
    assert (call.id, call.callid, call.outcome, call.recorded) == (first.id, "A", "answered", True)
    assert {key.callid for key in rows(CallKey)} == {"A", "B"}
    assert only(CallRedirect).id == second.id
    assert only(Recording).call_id == call.id
    assert only(Phone).calls == 1
    assert sum(row.calls for row in rows(CallHour)) == 1


def test_a_transfer_known_before_its_second_half_gathers_what_comes_later(any_app: Flask) -> None:
    take(
        any_app,
        event("INCOMING", "a", "A"),
        event("ACCEPTED", "a", "A"),
        event("TRANSFERRED", "a", "A", second_callid="B"),
        history("c", callid="B", duration="75"),
    )
    call = only(Call)
    assert (call.outcome, call.callid) == ("answered", "A")
    assert "c" in legs()


def test_a_callid_used_again_a_day_later_by_another_phone_is_another_call(any_app: Flask) -> None:
    long_ago = now() - 2 * DAY_MS
    take(any_app, history("a", duration="40", at=long_ago))
    take(any_app, history("a", duration="10", phone="79000000002"))
    assert len(rows(Call)) == 2
    assert sorted(key.generation for key in rows(CallKey)) == [0, 1]


def test_a_callid_heard_again_a_day_later_from_the_same_phone_is_the_same_call(any_app: Flask) -> None:
    long_ago = now() - 2 * DAY_MS
    take(any_app, history("a", duration="40", at=long_ago), history("a", duration="40", link=LINK))
    assert only(Call).recorded


def test_a_callid_silent_for_just_less_than_a_day_is_the_same_call(any_app: Flask) -> None:
    start = now() - DAY_MS
    heard_last = start + 50 * 60_000  # within the hour in which the key is not written again
    take(any_app, event("INCOMING", "a", at=start), event("CANCELLED", "a", at=heard_last))
    take(any_app, history("a", duration="5", phone="79000000002", at=heard_last + DAY_MS - 60_000))
    assert len(rows(Call)) == 1

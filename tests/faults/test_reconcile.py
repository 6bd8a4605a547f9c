"""Which calls are repaired from the PBX's history, and how, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select

from app.models import Push, Recording
from app.pbx.fake import FakePbx
from app.services.clock import now
from tests.services.pushes import event, history
from tests.services.reconciled import DAY, HOUR, RECORD, TOKEN, Compared


@pytest.fixture
def compared(any_app: Flask) -> Iterator[Compared]:
    pbx = FakePbx(token=TOKEN)
    pbx.start()
    yield Compared(any_app, pbx)
    pbx.stop()


def old(ago: int = 2 * HOUR) -> int:
    return now() - ago


def test_a_call_we_never_heard_of_is_added(compared: Compared) -> None:
    compared.line("lost-1")
    [repaired] = compared.run()
    assert (repaired.how, repaired.callid, repaired.direction) == ("added", "lost-1", "in")
    assert compared.call("lost-1") == ("in", "answered", 61, 12, True, "andy")
    assert compared.read(select(Push.source, Push.cmd)).all() == [("history", "history")]


@pytest.mark.parametrize(
    ("kind", "more", "row"),
    [
        ("missed", {"duration": 0, "record": "", "wait": 136}, ("in", "missed", 0, 136, False, "andy")),
        (
            "missed",
            {"account": "g_1@tenant.example", "duration": 136, "record": ""},
            ("in", "missed", 0, 12, False, None),
        ),
        ("in", {"duration": 0, "record": ""}, ("in", "missed", 0, 12, False, "andy")),
        ("out", {}, ("out", "answered", 61, 12, True, "andy")),
        ("out", {"duration": 0, "record": ""}, ("out", "other", 0, 12, False, "andy")),
        ("internal", {"phone": "101", "record": ""}, ("internal", "answered", 61, 12, False, "andy")),
        ("in", {"phone": ""}, ("in", "answered", 61, 12, True, "andy")),
    ],
)
def test_direction_duration_and_record_decide_and_not_the_account(
    compared: Compared, kind: str, more: dict[str, Any], row: tuple[object, ...]
) -> None:
    compared.line("lost-1", kind, **more)
    assert compared.done() == [("added", "lost-1")]
    assert compared.call("lost-1") == row


def test_a_second_run_repairs_nothing(compared: Compared) -> None:
    compared.line("lost-1")
    compared.line("lost-2", "missed", duration=0, record="")
    assert len(compared.run()) == 2
    pushes = compared.count(Push)
    assert compared.run() == []
    assert compared.count(Push) == pushes
    assert compared.last().summary.listed == 2  # type: ignore[union-attr]


def test_a_call_we_know_whole_is_left_alone(compared: Compared) -> None:
    compared.take(history("mike", callid="known", duration=98, wait=3, link=RECORD, at=old()))
    before = compared.call("known")
    compared.line("known", duration=55)
    assert compared.run() == []
    assert compared.call("known") == before


def test_a_missed_call_without_history_lacks_nothing(compared: Compared) -> None:
    compared.take(event("INCOMING", "andy", "known", at=old()))
    compared.take(event("CANCELLED", "andy", "known", at=old() + 9000))
    compared.line("known", "missed", duration=0, record="")
    assert compared.run() == []


def test_a_call_whose_history_was_lost_is_filled_and_keeps_who_talked(compared: Compared) -> None:
    at = old()
    compared.take(
        event("INCOMING", "andy", "known", at=at),
        event("INCOMING", "mike", "known", at=at + 10),
        event("ACCEPTED", "mike", "known", at=at + 4000),
        event("COMPLETED", "mike", "known", at=at + 64_000),
    )
    compared.line("known", account="andy@tenant.example", wait=4, duration=60)
    assert compared.done() == [("filled", "known")]
    assert compared.call("known") == ("in", "answered", 60, 4, True, "mike")
    assert compared.run() == []


def test_a_call_whose_end_was_never_heard_is_repaired(compared: Compared) -> None:
    compared.take(event("INCOMING", "andy", "known", at=old()))
    assert compared.call("known").outcome == "no_end"
    compared.line("known")
    assert compared.done() == [("filled", "known")]
    assert compared.call("known") == ("in", "answered", 61, 12, True, "andy")


def test_a_link_that_was_lost_is_filled_in(compared: Compared) -> None:
    compared.take(history("andy", callid="known", duration=61, wait=12, at=old()))
    compared.line("known")
    assert compared.done() == [("filled", "known")]
    assert compared.read(select(Recording.link)).scalars().all() == [RECORD]
    assert compared.call("known").duration_s == 61


def test_a_call_whose_trail_retention_has_removed_stays_as_it_is(compared: Compared) -> None:
    compared.take(history("andy", callid="known", duration=61, at=old()))
    compared.runtime.writer.submit(lambda unit: unit.conn.execute(delete(Push)).rowcount)
    compared.line("known")
    assert compared.run() == []


def test_a_callid_of_another_day_or_another_number_is_left_alone(compared: Compared) -> None:
    compared.take(event("INCOMING", "andy", "again", at=old(3 * DAY)))
    compared.take(event("INCOMING", "andy", "other", at=old()))
    compared.line("again")
    compared.line("other", phone="79000000099")
    assert compared.run() == []

"""The day by hours, as the wallboard shows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import insert

from app.extensions import db
from app.models import CallHour
from app.services.wallboard import Hour, hours
from app.services.writer import Unit
from tests.calls_made import Calls

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 23, 12, 30, tzinfo=MOSCOW)


def count(app: Flask, at: datetime, outcome: str, calls: int, *, did: int = 0, direction: str = "in") -> None:
    row = {"hour": at.strftime("%Y-%m-%dT%H"), "did_id": did, "direction": direction, "outcome": outcome}

    def job(unit: Unit) -> None:
        unit.conn.execute(insert(CallHour).values(**row, calls=calls))

    app.extensions["pult"].writer.submit(job)


def read(now: datetime, zone: ZoneInfo = MOSCOW) -> tuple[Hour, ...]:
    with db.engine.connect() as conn:
        return hours(conn, zone, int(now.timestamp() * 1000))


def test_an_hour_counts_what_was_answered_missed_and_the_rest(any_app: Flask) -> None:
    count(any_app, NOON, "answered", 3)
    count(any_app, NOON, "answered", 2, did=7)
    count(any_app, NOON, "missed", 1)
    count(any_app, NOON, "busy", 1, direction="out")
    (noon,) = read(NOON)
    assert noon == Hour(hour=12, answered=5, missed=1, other=1, week_ago=0)
    assert noon.calls == 7


def test_the_same_day_of_the_week_before_stands_beside_it(app: Flask) -> None:
    count(app, NOON, "answered", 1)
    count(app, NOON - timedelta(days=7), "missed", 4)
    count(app, NOON - timedelta(days=6), "missed", 9)
    (noon,) = read(NOON)
    assert (noon.calls, noon.week_ago) == (1, 4)


def test_hours_without_calls_between_others_keep_their_place(app: Flask) -> None:
    count(app, NOON - timedelta(hours=2), "answered", 1)
    count(app, NOON + timedelta(days=-7, hours=1), "answered", 1)
    assert [(hour.hour, hour.calls) for hour in read(NOON)] == [(10, 1), (11, 0), (12, 0), (13, 0)]


def test_a_day_without_calls_has_no_hours(app: Flask) -> None:
    count(app, NOON - timedelta(days=1), "answered", 1)
    assert read(NOON) == ()


@pytest.mark.parametrize(("zone", "day"), [("Europe/Moscow", 24), ("Europe/London", 23)])
def test_the_day_is_that_of_the_companys_clock(app: Flask, zone: str, day: int) -> None:
    count(app, NOON.replace(day=day, hour=1), "answered", 1)
    just_after_midnight_in_moscow = NOON.replace(day=24, hour=0)
    assert len(read(just_after_midnight_in_moscow, ZoneInfo(zone))) == 1


def test_a_call_that_ends_is_in_its_hour(app: Flask) -> None:
    calls = Calls(app)
    calls.made(ago=0)
    calls.missed(ago=0)
    zone = app.extensions["pult"].settings.zone
    begun = datetime.fromtimestamp(calls.begun_at / 1000, zone)
    (hour,) = read(begun, zone)
    assert (hour.hour, hour.answered, hour.missed) == (begun.hour, 1, 1)

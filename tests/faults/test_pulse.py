"""The feed's pulse: silence is told from a quiet hour, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import insert

from app.extensions import db
from app.models import CallHour, Push, Refusal
from app.services.connection import ensure_pbx
from app.services.pulse import Beat, Pulse
from app.services.writer import Unit

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = datetime(2026, 10, 5, tzinfo=MOSCOW)
OFFICE = range(9, 18)
MINUTE, HOUR = 60_000, 3_600_000


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def on(day: int, hour: int, minute: int = 0) -> int:
    """An instant of the week that begins with MONDAY, on the company's clock."""
    return ms(MONDAY + timedelta(days=day, hours=hour, minutes=minute))


class Feed:
    """A company that is called 20 times an hour on working days from nine to six."""

    def __init__(self, app: Flask) -> None:
        self.writer = app.extensions["pult"].writer
        self.pulse = Pulse(MOSCOW)

    def learn(self, weeks: int = 8, calls: int = 20) -> None:
        """The weeks before MONDAY."""
        days = [MONDAY - timedelta(days=day + 1) for day in range(7 * weeks)]
        rows = [
            {"hour": f"{day:%Y-%m-%d}T{hour:02}", "did_id": 0, "direction": "in", "outcome": "answered"}
            for day in days
            if day.weekday() < 5
            for hour in OFFICE
        ]
        if rows:
            full = [{**row, "calls": calls, "duration_s": 0, "wait_s": 0} for row in rows]
            self.writer.submit(lambda unit: unit.conn.execute(insert(CallHour), full).rowcount)

    def push(self, at: int, **more: str) -> None:
        def add(unit: Unit) -> None:
            row = {
                "pbx_id": ensure_pbx(unit),
                "received_at": at,
                "body": b"",
                "source": "http",
                "state": "ok",
            }
            unit.conn.execute(insert(Push).values({**row, **more}))

        self.writer.submit(add)

    def wrong_key(self, at: int, address: str = "203.0.113.5") -> None:
        row = {"address": address, "first_at": at, "last_at": at, "count": 3}
        self.writer.submit(lambda unit: unit.conn.execute(insert(Refusal).values(row)).rowcount)

    def at(self, now: int) -> Beat:
        self.look(now)
        return self.pulse.beat

    def look(self, now: int) -> bool:
        with db.engine.connect() as conn:
            return self.pulse.look(conn, now)


@pytest.fixture
def feed(any_app: Flask) -> Feed:
    return Feed(any_app)


def test_a_silent_working_hour_is_improbable_and_a_silent_quarter_is_not(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 11))
    assert not feed.at(on(0, 11, 15)).silent
    beat = feed.at(on(0, 12))
    assert (beat.silent, beat.last_at) == (True, on(0, 11))
    assert beat.usual == pytest.approx(20 * 8 / 9, rel=0.01)


def test_nights_and_weekends_raise_no_alarm(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 17, 55))
    assert not feed.at(on(1, 9)).silent
    feed.push(on(4, 17, 55))
    assert not feed.at(on(7, 9, 5)).silent
    assert feed.at(on(7, 10)).silent


def test_a_silence_of_months_is_not_forgotten(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 11))
    assert feed.at(on(94, 3)).silent


def test_two_weeks_of_history_are_needed(feed: Feed) -> None:
    feed.learn(weeks=1)
    feed.push(on(0, 11))
    assert not feed.at(on(1, 15)).silent


def test_a_company_that_is_seldom_called_is_waited_for_longer(feed: Feed) -> None:
    feed.learn(calls=1)
    feed.push(on(0, 9))
    assert not feed.at(on(0, 18)).silent
    assert feed.at(on(1, 12)).silent


def test_where_calls_come_every_second_five_minutes_are_allowed(feed: Feed) -> None:
    feed.learn(calls=3600)
    feed.push(on(0, 11))
    assert not feed.at(on(0, 11, 4)).silent
    assert feed.at(on(0, 11, 6)).silent


def test_a_push_that_comes_ends_the_alarm(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 11))
    assert feed.look(on(0, 12))
    assert not feed.look(on(0, 12) + MINUTE)
    feed.push(on(0, 12, 2), cmd="contact")
    assert feed.look(on(0, 12, 3))
    assert not feed.pulse.beat.silent


def test_what_was_refused_or_pulled_by_ourselves_is_no_sign_of_life(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 11))
    feed.push(on(0, 11, 58), state="refused")
    feed.push(on(0, 11, 59), source="history")
    feed.wrong_key(on(0, 10), "203.0.113.9")
    feed.wrong_key(on(0, 11, 59))
    beat = feed.at(on(0, 12))
    assert (beat.silent, beat.not_understood) == (True, 1)
    assert [(row.address, row.count) for row in beat.wrong_keys] == [("203.0.113.5", 3)]


def test_another_wrong_key_changes_what_pages_say(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 11))
    feed.look(on(0, 12))
    feed.wrong_key(on(0, 12))
    assert feed.look(on(0, 12) + MINUTE)


def test_an_empty_database_says_nothing(feed: Feed) -> None:
    assert feed.at(on(0, 12)) == Beat()


def test_a_clock_that_was_set_back_raises_no_alarm(feed: Feed) -> None:
    feed.learn()
    feed.push(on(0, 13))
    assert not feed.at(on(0, 12)).silent


def test_an_hour_that_summer_time_skips_is_no_silence(any_app: Flask) -> None:
    feed = Feed(any_app)
    feed.pulse = Pulse(ZoneInfo("Europe/Berlin"))
    feed.learn()
    sunday = datetime(2027, 3, 28, tzinfo=ZoneInfo("Europe/Berlin"))
    feed.push(ms(sunday))
    assert not feed.at(ms(sunday + timedelta(hours=8))).silent

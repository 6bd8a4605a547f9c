"""Clocks that jump, and days of 23 and 25 hours: no negative duration, no lost order, no lost call."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Call, CallDate, CallHour, Leg, Push
from app.services import desk, projection
from app.services import writer as writers
from app.services.clock import now
from app.services.projection import recount
from tests.personas import Actor
from tests.services.pushes import event, history, take

HOUR_MS = 3600_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A company where clocks change twice a year."""
    return {**environment, "PULT_TIMEZONE": "Europe/Berlin"}


class Clock:
    """A clock that somebody sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = now()
        monkeypatch.setattr(writers, "now", lambda: self.at)

    def turn(self, seconds: float) -> int:
        self.at += int(seconds * 1000)
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def reap(app: Flask) -> None:
    runtime = app.extensions["pult"]
    while runtime.writer.write(projection.reap, runtime.limits):
        pass


def only_call() -> Call:
    db.session.rollback()
    return db.session.execute(select(Call)).scalar_one()


@pytest.mark.parametrize("jump_s", [-3600, 3600])
@pytest.mark.parametrize("jumps_before", range(1, 4))
def test_a_clock_set_in_the_middle_of_a_call_loses_nothing(
    app: Flask, clock: Clock, jump_s: float, jumps_before: int
) -> None:
    steps = [("INCOMING", 0), ("ACCEPTED", 7), ("HOLD", 5), ("COMPLETED", 25)]
    for place, (kind, seconds) in enumerate(steps):
        at = clock.turn(seconds + (jump_s if place == jumps_before else 0))
        take(app, event(kind, "a", at=at))
        reap(app)
    call = only_call()
    assert (call.outcome, call.final or call.due_at is not None) == ("answered", True)
    assert call.duration_s >= 0 and (call.wait_s or 0) >= 0
    assert call.ended_at is not None and call.ended_at >= (call.answered_at or call.started_at)
    assert db.session.scalar(select(func.min(Leg.duration_s))) >= 0
    order = db.session.execute(select(Push.body).order_by(Push.id)).scalars()
    assert [kind.encode() in body for (kind, _), body in zip(steps, order, strict=True)] == [True] * 4


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_a_history_that_comes_after_the_jump_has_the_last_word(
    app: Flask, clock: Clock, jump_s: float
) -> None:
    take(app, event("INCOMING", "a", at=clock.at), event("CANCELLED", "a", at=clock.turn(9)))
    clock.turn(jump_s)
    reap(app)
    take(app, history("a", duration="40", at=clock.turn(2)))
    call = only_call()
    assert (call.outcome, call.duration_s, call.final) == ("answered", 40, True)
    assert [row.calls for row in db.session.execute(select(CallHour)).scalars()] == [1]


def test_a_clock_set_back_delays_the_reaper_but_no_call_stays_open_for_good(app: Flask, clock: Clock) -> None:
    take(app, event("INCOMING", "a", at=clock.at), event("CANCELLED", "a", at=clock.turn(9)))
    clock.turn(-3600)
    reap(app)
    assert only_call().outcome in ("ringing", "missed")
    clock.turn(3610)
    reap(app)
    assert only_call().outcome == "missed"


def hourly(day: datetime, hours: int) -> list[datetime]:
    """A moment in every real hour of a local day."""
    start = day.astimezone(UTC) + timedelta(minutes=30)
    return [start + timedelta(hours=number) for number in range(hours)]


@pytest.mark.parametrize(
    ("day", "hours", "name"),
    [
        (datetime(2026, 3, 29, tzinfo=BERLIN), 23, "2026-03-29"),
        (datetime(2026, 10, 25, tzinfo=BERLIN), 25, "2026-10-25"),
    ],
)
def test_a_day_of_23_or_25_hours_has_all_its_calls(
    app: Flask, supervisor: Actor, day: datetime, hours: int, name: str
) -> None:
    for number, moment in enumerate(hourly(day, hours)):
        start = moment.strftime("%Y%m%dT%H%M%SZ")
        at = int(moment.timestamp() * 1000) + 60_000
        take(app, history("a", duration="10", callid=f"c-{number}", start=start, at=at))
    assert [(row.day, row.calls) for row in db.session.execute(select(CallDate)).scalars()] == [(name, hours)]
    by_hour = {row.hour[-2:]: row.calls for row in db.session.execute(select(CallHour)).scalars()}
    assert len(by_hour) == min(hours, 24)
    assert by_hour.get("02", 0) == hours - 23
    text = supervisor.get(f"/calls.csv?from={name}&to={name}").get_data(as_text=True)
    assert len(list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))) == hours
    borders = recount.day_of(int(day.timestamp() * 1000), BERLIN)
    assert (borders.name, borders.end - borders.start) == (name, hours * HOUR_MS)
    last = int(hourly(day, hours)[-1].timestamp() * 1000)
    assert desk.midnight(last, BERLIN) == borders.start


def test_a_talk_across_the_hour_that_comes_twice_lasts_as_long_as_it_did(app: Flask) -> None:
    began = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)  # 02:59:50 in summer time, ten seconds before 02:00
    at = int(began.timestamp() * 1000)
    take(app, event("INCOMING", "a", at=at), event("ACCEPTED", "a", at=at + 5000))
    take(app, event("COMPLETED", "a", at=at + 65_000))
    call = only_call()
    assert (call.duration_s, call.wait_s) == (60, 5)

"""Counting again what the rollups and the numbers hold, from the calls themselves: a day at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, case, delete, func, insert, literal, or_, select, text, update

from app.models import Call, CallDate, CallDay, CallHour, CallMonth, Leg, Phone
from app.models.base import Base, table_of
from app.services.projection import rollups
from app.services.writer import Unit

PHONES_AT_ONCE = 2000
# In the order of `rollups.move`: the first lock makes the other processes wait.
DAILY = (CallDate, CallDay, CallHour, CallMonth)
AMOUNTS = ("calls", "duration_s", "wait_s")


class Day(NamedTuple):
    """A day of the company's clock, and its borders in epoch ms; it may have 23 or 25 hours."""

    name: str
    start: int
    end: int


def days(conn: Connection, zone: ZoneInfo) -> Iterator[Day]:
    """Every day that has calls, in their order."""
    query = select(func.min(Call.started_at))
    first_at = conn.execute(query).scalar()
    while first_at is not None:
        day = day_of(first_at, zone)
        yield day
        first_at = conn.execute(query.where(Call.started_at >= day.end)).scalar()


def day_of(at: int, zone: ZoneInfo) -> Day:
    """The day in which a moment (epoch ms) lies."""
    date = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date()
    borders = [datetime.combine(each, time(), zone).timestamp() for each in (date, date + timedelta(days=1))]
    return Day(date.strftime("%Y-%m-%d"), int(borders[0] * 1000), int(borders[1] * 1000))


def count_day(unit: Unit, day: Day, zone: ZoneInfo) -> None:
    """Replace the counts of one day by those of its calls."""
    _lock(unit, *DAILY)
    sums: dict[rollups.Cell, Counter[str]] = {}
    for call, legs in _calls_of(unit.conn, day):
        for cell, amount in rollups.cells(call, legs, zone).items():
            if cell[0] is not CallMonth:
                sums.setdefault(cell, Counter()).update(dict(zip(AMOUNTS, amount, strict=True)))
    _remove_day(unit, day.name)
    for (model, key), amounts in sums.items():
        unit.conn.execute(insert(table_of(model)).values(**dict(key), **{n: amounts[n] for n in AMOUNTS}))


def _calls_of(conn: Connection, day: Day) -> Iterator[tuple[Any, dict[int, Any]]]:
    within = and_(Call.started_at >= day.start, Call.started_at < day.end)
    legs: dict[int, dict[int, Any]] = {}
    columns = (Leg.call_id, Leg.account_id, Leg.duration_s, Leg.wait_s)
    for leg in conn.execute(select(*columns).join(Call, Call.id == Leg.call_id).where(within)).mappings():
        legs.setdefault(leg["call_id"], {})[leg["account_id"]] = leg
    for call in conn.execute(select(table_of(Call)).where(within)).mappings():
        yield call, legs.get(call["id"], {})


def _remove_day(unit: Unit, day: str) -> None:
    unit.conn.execute(delete(CallHour).where(CallHour.hour.between(f"{day}T00", f"{day}T99")))
    unit.conn.execute(delete(CallDate).where(CallDate.day == day))
    unit.conn.execute(delete(CallDay).where(CallDay.day == day))


def remove_days_but(unit: Unit, counted: set[str], zone: ZoneInfo) -> None:
    """Remove the counts of days that have no call any more."""
    _lock(unit, *DAILY)
    known = set(unit.conn.execute(select(CallDate.day).union(select(CallDay.day))).scalars())
    known |= {hour[:10] for hour in unit.conn.execute(select(CallHour.hour).distinct()).scalars()}
    # A call may have come in meanwhile, on a day that is new.
    counted = counted | {day.name for day in days(unit.conn, zone)}
    for name in known - counted:
        _remove_day(unit, name)
    months = {name[:7] for name in counted}
    unit.conn.execute(delete(CallMonth).where(CallMonth.month.not_in(months)))


def count_month(unit: Unit, month: str) -> None:
    """Replace the counts of one month by the sums of its days."""
    _lock(unit, *DAILY)
    key = (CallDay.account_id, CallDay.direction, CallDay.outcome)
    sums = [func.sum(getattr(CallDay, name)) for name in AMOUNTS]
    names = ("month", "account_id", "direction", "outcome", *AMOUNTS)
    summed = select(literal(month), *key, *sums).where(CallDay.day.between(f"{month}-01", f"{month}-31"))
    unit.conn.execute(delete(CallMonth).where(CallMonth.month == month))
    unit.conn.execute(insert(table_of(CallMonth)).from_select(names, summed.group_by(*key)))


def count_phones(unit: Unit, after: int) -> int | None:
    """Count the calls of the next numbers, with ids above `after`; returns the last id, None at the end.

    `last_call_at` only rises: it bounds searches, and a call's start may be told more exactly later.
    """
    page = select(Phone.id).where(Phone.id > after).order_by(Phone.id).limit(PHONES_AT_ONCE)
    last: int | None = unit.conn.execute(select(func.max(page.subquery().c.id))).scalar()
    if last is None:
        return None
    _lock(unit, Phone)
    calls = select(func.count()).where(Call.phone_id == Phone.id).correlate(Phone).scalar_subquery()
    newest = select(func.max(Call.started_at)).where(Call.phone_id == Phone.id).correlate(Phone)
    last_at = func.coalesce(newest.scalar_subquery(), 0)
    wrong = (Phone.id > after, Phone.id <= last, or_(Phone.calls != calls, Phone.last_call_at < last_at))
    risen = case((Phone.last_call_at < last_at, last_at), else_=Phone.last_call_at)
    unit.conn.execute(update(Phone).where(*wrong).values(calls=calls, last_call_at=risen))
    return last


def _lock(unit: Unit, *models: type[Base]) -> None:
    """Let no other process count meanwhile. SQLite has one writer as it is."""
    if unit.conn.dialect.name == "postgresql":
        for model in models:
            unit.conn.execute(text(f"LOCK TABLE {model.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))

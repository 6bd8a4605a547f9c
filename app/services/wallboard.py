"""The wallboard's figures: who talks, who is free, what today brought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from app.models import LIVE, Call, CallHour, Leg, PbxAccount, User

PEOPLE_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a phone. "Free" only means that no event says otherwise."""

    id: int
    name: str
    ext: str
    state: str  # free, ringing, talking
    since_at: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures above the wallboard; shares are per cent. Days are those of the company's zone."""

    waiting: int
    longest_since: int | None  # since when the longest waiting caller rings
    talking: int
    free: int
    people: int
    missed: int
    missed_share: int | None
    total: int
    answered_share: int | None


@dataclass(frozen=True, slots=True)
class Hour:
    """Finished calls that began in one hour of today, and how many did a week ago."""

    hour: int
    answered: int
    missed: int
    other: int
    week_ago: int

    @property
    def calls(self) -> int:
        """All of today's."""
        return self.answered + self.missed + self.other


def people(conn: Connection) -> list[Person]:
    """Everybody who is mapped to a PBX user, by name, with the state of their phone."""
    owners = (
        select(User.id, User.name, func.min(PbxAccount.ext).label("ext"))
        .join(PbxAccount, PbxAccount.user_id == User.id)
        .where(User.enabled, PbxAccount.enabled)
        .group_by(User.id, User.name)
        .order_by(User.name, User.id)
        .limit(PEOPLE_SHOWN)
    )
    busy = _busy(conn)
    return [
        Person(row.id, row.name, row.ext, *busy.get(row.id, ("free", None))) for row in conn.execute(owners)
    ]


def _busy(conn: Connection) -> dict[int, tuple[str, int | None]]:
    """Whose phone rings or talks, and since when; talking wins over ringing."""
    legs = (
        select(PbxAccount.user_id, Leg.state, Leg.rang_at, Leg.answered_at, Leg.started_at)
        .join(Call, Call.id == Leg.call_id)
        .join(PbxAccount, PbxAccount.id == Leg.account_id)
        .where(Call.outcome.in_(LIVE), Leg.state.in_(("ringing", "talking")), PbxAccount.user_id.is_not(None))
        .order_by(Leg.state, Leg.started_at.desc())  # "ringing" before "talking": the later one stays
    )
    return {
        leg.user_id: (
            leg.state,
            (leg.answered_at if leg.state == "talking" else leg.rang_at) or leg.started_at,
        )
        for leg in conn.execute(legs)
    }


def counts(conn: Connection, everybody: list[Person], zone: ZoneInfo, now: int) -> Counts:
    """Today's figures and the present ones."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    total: Counter[str] = Counter()
    for row in conn.execute(_TODAY.where(_on(today))):
        total["all"] += row.calls
        total[row.outcome] += row.calls
        total[row.direction] += row.calls
    waiting = conn.execute(_WAITING).one()
    return Counts(
        waiting=waiting.calls,
        longest_since=waiting.first,
        talking=conn.execute(_TALKING).scalar_one(),
        free=sum(person.state == "free" for person in everybody),
        people=len(everybody),
        missed=total["missed"],
        missed_share=_share(total["missed"], total["in"]),
        total=total["all"],
        answered_share=_share(total["answered"], total["all"]),
    )


def hours(conn: Connection, zone: ZoneInfo, now: int) -> tuple[Hour, ...]:
    """Today by hours of the company's clock, from the first to the last with calls today or a week ago."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    found, before = _by_hour(conn, today), _by_hour(conn, today - timedelta(days=7))
    known = sorted(found.keys() | before.keys())
    return tuple(
        _hour(hour, found.get(hour, Counter()), before.get(hour, Counter()))
        for hour in (range(known[0], known[-1] + 1) if known else ())
    )


def _by_hour(conn: Connection, day: datetime) -> dict[int, Counter[str]]:
    """Calls by outcome of each hour that had any."""
    found: dict[int, Counter[str]] = {}
    for row in conn.execute(_HOURS.where(_on(day))):
        found.setdefault(int(row.hour[-2:]), Counter())[row.outcome] = row.calls
    return found


def _hour(hour: int, calls: Counter[str], before: Counter[str]) -> Hour:
    answered, missed = calls["answered"], calls["missed"]
    return Hour(hour, answered, missed, calls.total() - answered - missed, before.total())


def _on(day: datetime) -> ColumnElement[bool]:
    date = day.strftime("%Y-%m-%d")
    return CallHour.hour.between(f"{date}T00", f"{date}T23")


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


_WAITING = select(func.count().label("calls"), func.min(Call.started_at).label("first")).where(
    Call.outcome == "ringing", Call.direction == "in"
)
_TALKING = select(func.count()).where(Call.outcome == "talking")
_TODAY = select(CallHour.outcome, CallHour.direction, func.sum(CallHour.calls).label("calls")).group_by(
    CallHour.outcome, CallHour.direction
)
_HOURS = select(CallHour.hour, CallHour.outcome, func.sum(CallHour.calls).label("calls")).group_by(
    CallHour.hour, CallHour.outcome
)

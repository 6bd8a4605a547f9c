"""The filters of the log and its exports, from the words of an address to ids of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from app.models import Did
from app.pbx.numbers import normalise
from app.services.call_log.people import accounts_of
from app.services.call_log.search import Phones, find_phones
from app.services.tracking import Direction, Outcome

DAYS = 30
LONGEST_SEARCH = 100
YEARS = range(2000, 2101)

DIRECTIONS: tuple[str, ...] = get_args(Direction)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
_RECORDED = {"": None, "yes": True, "1": True, "no": False, "0": False}


class BadFilter(ValueError):
    """A filter that cannot be understood; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """What was asked for. `since_at` and `until_at` (not included; None: no end) are epoch milliseconds.

    `since` and `until` are the same as dates of the asker, both included.
    """

    since: date
    until: date
    since_at: int
    until_at: int | None
    direction: str = ""
    outcome: str = ""
    user: str = ""
    via: str = ""
    q: str = ""
    recorded: bool | None = None


@dataclass(frozen=True)
class Filters:
    """What to look for, as ids.

    `people`: accounts one of which must have a leg; None: whoever. `also` is a second such condition.
    """

    since_at: int
    until_at: int | None = None
    direction: str = ""
    outcome: str = ""
    recorded: bool | None = None
    did_ids: tuple[int, ...] | None = None
    people: tuple[int, ...] | None = None
    also: tuple[int, ...] | None = None
    phones: Phones | None = None


def parse(args: Mapping[str, str], zone: ZoneInfo, now: int) -> Asked:
    """Read the filters of an address; dates are days of `zone`, the last 30 days unless given.

    Raises BadFilter with the code bad_date, bad_order, bad_direction, bad_outcome or bad_recorded.
    """
    args = {name: value.replace("\0", "") for name, value in args.items()}
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).date()
    typed_until = _date(args.get("to", ""))
    until = typed_until or today
    since = _date(args.get("from", "")) or until - timedelta(days=DAYS)
    if typed_until and since > typed_until:
        raise BadFilter("bad_order")
    return Asked(
        since=since,
        until=max(since, until),
        since_at=_midnight(since, zone),
        until_at=_midnight(until + timedelta(days=1), zone) if typed_until else None,
        direction=_one_of(args.get("direction", ""), DIRECTIONS, "bad_direction"),
        outcome=_one_of(args.get("outcome", ""), OUTCOMES, "bad_outcome"),
        user=args.get("user", "").strip(),
        via=args.get("via", "").strip(),
        q=args.get("q", "").strip()[:LONGEST_SEARCH],
        recorded=_recorded(args.get("recorded", "")),
    )


def resolve(conn: Connection, asked: Asked, scope: tuple[int, ...] | None = None) -> Filters:
    """Look the names up. `scope`: the accounts whose calls the asker may see; None: all."""
    people = accounts_of(conn, asked.user) if asked.user else None
    if scope is not None and people is not None and set(people) <= set(scope):
        scope = None  # a person of one's own narrows by itself
    return Filters(
        since_at=asked.since_at,
        until_at=asked.until_at,
        direction=asked.direction,
        outcome=asked.outcome,
        recorded=asked.recorded,
        did_ids=_did_ids(conn, asked.via) if asked.via else None,
        people=people if scope is None else scope,
        also=None if scope is None else people,
        phones=find_phones(conn, asked.q, asked.since_at) if asked.q else None,
    )


def _did_ids(conn: Connection, via: str) -> tuple[int, ...]:
    # An unescaped + of an address arrives as a space, hence the spellings.
    spellings = {via, "+" + via, normalise(via).value, normalise("+" + via).value}
    return tuple(conn.scalars(select(Did.id).where(or_(*(Did.number == one for one in spellings)))))


def _date(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        found = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise BadFilter("bad_date") from None
    if found.year not in YEARS:
        raise BadFilter("bad_date")
    return found


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def _one_of(value: str, known: tuple[str, ...], code: str) -> str:
    if value and value not in known:
        raise BadFilter(code)
    return value


def _recorded(value: str) -> bool | None:
    if value not in _RECORDED:
        raise BadFilter("bad_recorded")
    return _RECORDED[value]

"""How many calls a filter means: counted up to a bound; beyond it from the rollups, or "more than"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from app.models import CallHour
from app.services.call_log.filters import Filters
from app.services.call_log.keys import find
from app.services.call_log.sources import Key, Span

BOUND = 5000
# A search that means thousands of numbers is checked call by call.
SEARCH_BOUND = 200
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Totals:
    """`calls`, or at least that many when `at_least` is set."""

    calls: int
    at_least: bool = False


def count(conn: Connection, filters: Filters, zone: ZoneInfo, bound: int = BOUND) -> Totals:
    """Count the calls that pass the filters. `zone`: the company's, in which the rollups are kept."""
    if filters.phones is not None and filters.phones.ids is None:
        bound = min(bound, SEARCH_BOUND)
    high = None if filters.until_at is None else Key(filters.until_at, 0)
    found = len(find(conn, filters, Span(Key(filters.since_at, 0), high), bound + 1))
    if found <= bound:
        return Totals(found)
    if _in_rollup(filters):
        return Totals(_from_rollup(conn, filters, zone))
    return Totals(bound, at_least=True)


def _in_rollup(filters: Filters) -> bool:
    """True when the hours of the rollup can tell: nothing asked but time, direction, outcome, our number."""
    ends = (filters.since_at, filters.until_at or 0)
    whole_hours = all(end % HOUR_MS == 0 for end in ends)
    return whole_hours and filters.people is None and filters.phones is None and filters.recorded is None


def _from_rollup(conn: Connection, filters: Filters, zone: ZoneInfo) -> int:
    fits = [CallHour.hour >= _hour(filters.since_at, zone)]
    if filters.until_at is not None:
        fits.append(CallHour.hour < _hour(filters.until_at, zone))
    if filters.direction:
        fits.append(CallHour.direction == filters.direction)
    if filters.outcome:
        fits.append(CallHour.outcome == filters.outcome)
    if filters.did_ids is not None:
        fits.append(CallHour.did_id.in_(filters.did_ids))
    return int(conn.execute(select(func.sum(CallHour.calls)).where(*fits)).scalar() or 0)


def _hour(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%dT%H")

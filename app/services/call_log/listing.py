"""One page of the log as the screen needs it, read in one go on a connection of its own."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from app.models import Did
from app.services.call_log import keys
from app.services.call_log.filters import Asked, resolve
from app.services.call_log.people import Person, people
from app.services.call_log.rows import Row, rows
from app.services.call_log.sources import Key
from app.services.call_log.totals import Totals, count


@dataclass(frozen=True)
class Place:
    """Which page: the newest, or the one before (older than) or after (newer than) a key."""

    before: Key | None = None
    after: Key | None = None


@dataclass(frozen=True)
class OurNumber:
    """A number of ours the log can be filtered by."""

    number: str
    label: str


@dataclass(frozen=True)
class Listing:
    """A page of rows, its neighbours, how many there are in all, and what the filters offer."""

    rows: list[Row]
    newer: Key | None
    older: Key | None
    totals: Totals
    people: list[Person]
    numbers: list[OurNumber]


def read(
    engine: Engine, asked: Asked, scope: tuple[int, ...] | None, place: Place, company_zone: ZoneInfo
) -> Listing:
    """Read a page of the log for someone who may see the calls of `scope` (None: all)."""
    with engine.connect() as conn:
        filters = resolve(conn, asked, scope)
        page = keys.page(conn, filters, before=place.before, after=place.after)
        return Listing(
            rows=rows(conn, page.keys),
            newer=page.newer,
            older=page.older,
            totals=count(conn, filters, company_zone),
            people=people(conn),
            numbers=our_numbers(conn),
        )


def our_numbers(conn: Connection) -> list[OurNumber]:
    """Every number of ours, the labelled ones first."""
    found = [OurNumber(*row) for row in conn.execute(select(Did.number, Did.label).order_by(Did.number))]
    return sorted(found, key=lambda did: (not did.label, did.label.casefold(), did.number))

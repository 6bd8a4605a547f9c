"""The log as a table for other programs: the columns of /calls.csv, read in batches by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine

from app.concurrency import run_blocking
from app.services.call_log.filters import Filters
from app.services.call_log.keys import page
from app.services.call_log.rows import Row, rows
from app.services.call_log.sources import Key

COLUMNS = (
    "callid",
    "direction",
    "outcome",
    "phone",
    "contact",
    "user",
    "via",
    "started_at",
    "wait_s",
    "duration_s",
    "recording",
)
BATCH = 1000

_HARMLESS_PLUS = re.compile(r"\+[0-9]+")


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: a leading apostrophe where it could."""
    if text.startswith(("=", "-", "@", "\t", "\r", "\n")):
        return "'" + text
    if text.startswith("+") and not _HARMLESS_PLUS.fullmatch(text):
        return "'" + text
    return text


def lines(engine: Engine, filters: Filters) -> Iterator[list[str]]:
    """Every call that passes the filters, newest first, as the texts of COLUMNS.

    Between batches no connection is held, so that a slow reader does not hold the database.
    """
    before: Key | None = None
    while True:
        batch, before = run_blocking(_batch, engine, filters, before)
        yield from batch
        if before is None:
            return


def _batch(engine: Engine, filters: Filters, before: Key | None) -> tuple[list[list[str]], Key | None]:
    with engine.connect() as conn:
        found = page(conn, filters, before=before, size=BATCH)
        return [line(row) for row in rows(conn, found.keys)], found.older


def line(row: Row) -> list[str]:
    """One call as the texts of COLUMNS."""
    return [
        row.callid,
        row.direction,
        row.outcome,
        row.number or row.phone_raw,
        row.name or row.company,
        row.login,
        row.via_number,
        _iso(row.started_at),
        "" if row.wait_s is None else str(row.wait_s),
        str(row.duration_s),
        "yes" if row.recorded else "no",
    ]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

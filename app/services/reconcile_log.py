"""What came of comparing with the PBX's history: the admin sees it, and the job goes on by it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, select

from app.models import Setting
from app.services.changes import Change
from app.services.upsert import upsert
from app.services.writer import Unit

NAME = "reconcile"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Summary:
    """How many calls of so many days the PBX listed, and what was done about them."""

    days: int
    listed: int
    unreadable: int
    added: int
    filled: int


@dataclass(frozen=True, slots=True)
class Last:
    """The last try and the last success (epoch ms, 0 for never). `error`: a code of PbxError, or empty.

    `works`: this PBX has shown that it has a history, and has not refused it since.
    """

    tried_at: int = 0
    worked_at: int = 0
    error: str = ""
    works: bool = False
    summary: Summary | None = None


def last(conn: Connection) -> Last | None:
    """What is known of it, None when it was never tried."""
    stored = conn.scalar(select(Setting.value).where(Setting.name == NAME))
    if stored is None:
        return None
    said = json.loads(stored)
    summary = said.pop("summary")
    return Last(**said, summary=Summary(**summary) if summary else None)


def days_due(conn: Connection, now: int) -> int:
    """How many days the hourly job should compare now: back to its last success; 0 when it is not due."""
    found = last(conn)
    if found is None or not found.works or now - found.tried_at < HOUR_MS:
        return 0
    return min(MOST_DAYS, 1 + max(0, now - found.worked_at) // DAY_MS)


def note_success(unit: Unit, summary: Summary) -> None:
    """Keep what came of it."""
    _keep(unit, Last(unit.now, unit.now, works=True, summary=summary))


def note_failure(unit: Unit, code: str) -> None:
    """Keep why it failed. A PBX that does not know the command is not asked again by itself."""
    before = last(unit.conn) or Last()
    works = before.works and code != "bad_parameters"
    _keep(unit, replace(before, tried_at=unit.now, error=code, works=works))


def _keep(unit: Unit, found: Last) -> None:
    upsert(unit.conn, Setting, {"name": NAME}, {"value": json.dumps(asdict(found))})
    unit.changes.append(Change("settings", 0))

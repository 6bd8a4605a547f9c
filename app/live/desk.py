"""The desk's own regions besides the screen pops: today's calls of the person."""

from __future__ import annotations

import uuid
from dataclasses import replace as changed
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.services import desk, ownership
from app.services.clock import now
from app.services.desk import Today, TodayRow


def today(conn: Connection, user_id: int, zone: str) -> Today:
    """A person's calls today, on their own clock, each missed one with an intent to call back."""
    since = desk.midnight(now(), ZoneInfo(zone))
    found = desk.today(conn, ownership.account_ids_of(conn, user_id), since)
    return changed(found, rows=[_with_intent(row) for row in found.rows])


def _with_intent(row: TodayRow) -> TodayRow:
    """A missed call that can be called back gets a dial of its own: a repeat of it dials once."""
    callable_back = row.outcome == "missed" and row.number and row.direction != "internal"
    return changed(row, intent=str(uuid.uuid4())) if callable_back else row

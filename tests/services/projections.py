"""Everything that follows from the inbox, as plain rows, to be compared before and after."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from app.models import Call, CallDate, CallDay, CallFacet, CallHour, CallKey, CallMonth, Leg, Phone, Recording
from app.models.base import table_of

TABLES = (Call, CallKey, Leg, Recording, CallHour, CallDate, CallDay, CallMonth, CallFacet, Phone)
# When it is next fetched depends on when it was first heard of.
APART = {"recording": ("next_try_at",)}


def dump(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    """Each table's rows, in the order of their keys."""
    found = {}
    for model in TABLES:
        table = table_of(model)
        columns = [c for c in table.columns if c.name not in APART.get(table.name, ())]
        rows = conn.execute(select(*columns).order_by(*table.primary_key.columns)).mappings()
        found[table.name] = [dict(row) for row in rows]
    return found

"""INSERT … ON CONFLICT for both databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects import postgresql, sqlite

from app.models import Base


def insert_for(conn: Connection, model: type[Base]) -> Any:
    """The dialect's own INSERT, which knows on_conflict_do_update."""
    maker = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    return maker(model)


def upsert(conn: Connection, model: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert the row `key | values`, or set `values` on the row that has this key."""
    statement: Insert = insert_for(conn, model).values(**key, **values)
    if values:
        statement = statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))  # type: ignore[attr-defined]
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))  # type: ignore[attr-defined]
    conn.execute(statement)

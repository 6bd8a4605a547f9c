"""INSERT … ON CONFLICT for both databases. The statements of the push's way are made once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from app.models.base import Base, table_of
from app.services.prepared import Prepared


def insert_for(conn: Connection, model: type[Base]) -> Any:
    """The dialect's own INSERT, which knows on_conflict_do_update."""
    return insert_as(conn.dialect.name, model)


def insert_as(dialect: str, model: type[Base]) -> Any:
    """The same by the dialect's name, for a statement that is made once."""
    maker = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return maker(table_of(model))


def upsert(conn: Connection, model: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert the row `key | values`, or set `values` on the row that has this key."""
    _upsert(conn.dialect.name, model, tuple(key), tuple(values)).run(conn, {**key, **values})


def add_up(conn: Connection, model: type[Base], key: Mapping[str, Any], amounts: Mapping[str, int]) -> None:
    """Insert the row `key | amounts`, or add `amounts` to those of the row that has this key."""
    statement = _upsert(conn.dialect.name, model, tuple(key), tuple(amounts), adding=True)
    statement.run(conn, {**key, **amounts})


@cache
def _upsert(
    dialect: str, model: type[Base], key: tuple[str, ...], values: tuple[str, ...], *, adding: bool = False
) -> Prepared:
    statement = insert_as(dialect, model).values({name: bindparam(name) for name in (*key, *values)})
    if not values:
        return Prepared(statement.on_conflict_do_nothing(index_elements=key))
    table, new = table_of(model), statement.excluded
    changed = {name: table.c[name] + new[name] if adding else new[name] for name in values}
    return Prepared(statement.on_conflict_do_update(index_elements=key, set_=changed))


def update_columns(
    conn: Connection, model: type[Base], key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Set `values` on the row that has this key."""
    statement = _update(model, tuple(key), tuple(values))
    statement.run(conn, {**{f"key_{name}": value for name, value in key.items()}, **values})


@cache
def _update(model: type[Base], key: tuple[str, ...], columns: tuple[str, ...]) -> Prepared:
    table = table_of(model)
    where = [table.c[name] == bindparam(f"key_{name}") for name in key]
    return Prepared(update(table).where(*where).values({name: bindparam(name) for name in columns}))

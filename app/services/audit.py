"""Deeds worth remembering, each chained to the one before by its hash.

A changed, inserted or removed row breaks the chain at its place. Rows hold ids of objects, never names,
numbers or addresses.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from app.models import Audit, User
from app.services.writer import Unit

PAGE = 50
VERIFY_BATCH = 1000
# Any constant: two processes on PostgreSQL must not both append to the same last row.
CHAIN_LOCK = 7_085_115

_ROW = (Audit.at, Audit.actor_id, Audit.action, Audit.object, Audit.object_id, Audit.detail)


def record(
    unit: Unit, actor_id: int | None, action: str, object: str = "", object_id: object = "", detail: str = ""
) -> None:
    """Append one deed to the transaction that does it. `actor_id` None: nobody is logged in."""
    conn = unit.conn
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
    previous = conn.execute(select(Audit.hash).order_by(Audit.id.desc()).limit(1)).scalar() or ""
    row = (unit.now, actor_id, action, object, str(object_id), detail)
    names = [column.key for column in _ROW]
    values = dict(zip(names, row, strict=True))
    conn.execute(insert(Audit).values(**values, previous=previous, hash=_hash(row, previous)))


class Broken(NamedTuple):
    """The first row that does not fit: its id and why."""

    id: int
    reason: str


class Head(NamedTuple):
    """The whole chain in two values: keep them elsewhere, and even a cut end will show."""

    rows: int
    hash: str


def verify(conn: Connection) -> Broken | Head:
    """Walk the whole chain: the first broken row, or the head of a sound chain."""
    last_id, previous, rows = 0, "", 0
    query = select(Audit.id, Audit.previous, Audit.hash, *_ROW).order_by(Audit.id).limit(VERIFY_BATCH)
    while batch := conn.execute(query.where(Audit.id > last_id)).all():
        for id, link, hash, *row in batch:
            if link != previous:
                return Broken(id, "a deed before it was removed or inserted")
            if hash != _hash(row, link):
                return Broken(id, "it was changed")
            previous = hash
        last_id, rows = batch[-1].id, rows + len(batch)
    return Head(rows, previous)


def _hash(row: Any, previous: str) -> str:
    written = json.dumps([previous, *row], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


class Deed(NamedTuple):
    """One deed as the admin reads it; `actor` is empty when nobody was logged in."""

    id: int
    at: int
    actor: str
    action: str
    object: str
    object_id: str
    detail: str


def page(conn: Connection, before: int | None = None, action: str = "", limit: int = PAGE) -> list[Deed]:
    """The latest deeds, newest first, older than the row `before`; at most `limit` + 1, one more to see."""
    query = (
        select(Audit.id, Audit.at, User.name, Audit.action, Audit.object, Audit.object_id, Audit.detail)
        .join(User, User.id == Audit.actor_id, isouter=True)
        .order_by(Audit.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(Audit.id < before)
    if action:
        query = query.where(Audit.action == action)
    return [Deed(id, at, name or "", *rest) for id, at, name, *rest in conn.execute(query)]

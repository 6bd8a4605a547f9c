"""Which call a push belongs to: the PBX's callid, its generations, and transfers that join two."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from app.models import (
    Call,
    CallKey,
    CallRedirect,
    Contact,
    DialIntent,
    Leg,
    Note,
    Promise,
    Push,
    Reaction,
    Recording,
)
from app.models.base import table_of
from app.pbx.numbers import Number
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.projection import memory, rollups, rows
from app.services.tracking import Limits
from app.services.writer import Unit

LONGEST_CALLID = 500
TOUCHED_MS = 3600 * 1000

_NEWEST = Prepared(
    select(CallKey.id, CallKey.call_id, CallKey.generation, CallKey.phone, CallKey.last_push_at)
    .where(CallKey.pbx_id == bindparam("pbx_id"), CallKey.callid == bindparam("callid"))
    .order_by(CallKey.generation.desc())
    .limit(1)
)
_ADD = Prepared(
    insert(table_of(CallKey)).returning(CallKey.id),
    ("pbx_id", "callid", "generation", "call_id", "phone", "last_push_at"),
)
_TOUCH = Prepared(
    update(CallKey)
    .where(CallKey.id == bindparam("key_id"))
    .values(last_push_at=bindparam("at"), phone=bindparam("number"))
)


class Key(NamedTuple):
    """The newest generation of a callid."""

    id: int
    call_id: int
    generation: int
    phone: str
    last_push_at: int


def stored_callid(callid: str) -> str:
    """The callid as a key; one too long for an index keeps its beginning and a hash of the whole."""
    if len(callid) <= LONGEST_CALLID:
        return callid
    digest = hashlib.sha256(callid.encode()).hexdigest()
    return f"{callid[: LONGEST_CALLID - 65]}~{digest}"


def lock(unit: Unit, callid: str) -> None:
    """Let one process at a time work on a callid. SQLite has one writer as it is."""
    if unit.conn.dialect.name == "postgresql":
        unit.conn.execute(text("SELECT pg_advisory_xact_lock(hashtext(:callid))"), {"callid": callid})


def newest(unit: Unit, pbx_id: int, callid: str) -> Key | None:
    """The newest generation of this callid, if it was ever heard."""
    known: Key | None = unit.cache.get(("key", pbx_id, callid))
    if known is not None:
        return known
    row = _NEWEST.row(unit.conn, {"pbx_id": pbx_id, "callid": callid})
    return _remember(unit, pbx_id, callid, Key(*row)) if row else None


def _remember(unit: Unit, pbx_id: int, callid: str, key: Key) -> Key:
    if unit.conn.dialect.name == "sqlite":  # nobody else writes there
        unit.cache["key", pbx_id, callid] = key
    return key


def add(
    unit: Unit, pbx_id: int, callid: str, generation: int, call_id: int, phone: Number | None, at: int
) -> int:
    """A key for a call; returns the key's id."""
    row = {
        "pbx_id": pbx_id,
        "callid": callid,
        "generation": generation,
        "call_id": call_id,
        "phone": phone.value[:64] if phone else "",
        "last_push_at": at,
    }
    key_id = int(_ADD.scalar(unit.conn, row))
    _remember(unit, pbx_id, callid, Key(key_id, call_id, generation, str(row["phone"]), at))
    return key_id


def touch(unit: Unit, pbx_id: int, callid: str, key: Key, phone: Number | None, at: int) -> None:
    """Note that the callid was heard again; to the hour, since a day of silence is what matters."""
    number = (phone.value[:64] if phone else "") or key.phone
    if number == key.phone and at - key.last_push_at < TOUCHED_MS:
        return
    at = max(at, key.last_push_at)
    _TOUCH.run(unit.conn, {"key_id": key.id, "at": at, "number": number})
    _remember(unit, pbx_id, callid, key._replace(phone=number, last_push_at=at))


def last_push_at(unit: Unit, key: Key) -> int:
    """When the callid was last heard, exactly."""
    found = unit.conn.execute(select(func.max(Push.received_at)).where(Push.call_key_id == key.id)).scalar()
    return max(int(found or 0), key.last_push_at)


def join(unit: Unit, pbx_id: int, call_id: int, second: str, at: int, limits: Limits) -> None:
    """Make the second callid of a transfer a key of this call; a call it already had is merged in."""
    key = newest(unit, pbx_id, second)
    if key is None:
        add(unit, pbx_id, second, 0, call_id, None, at)
    elif key.call_id != call_id:
        _merge(unit, key.call_id, call_id, limits)


def _merge(unit: Unit, gone: int, kept: int, limits: Limits) -> None:
    """Move everything of call `gone` to call `kept`, and leave a redirect behind."""
    memory.forget_all(unit)
    conn = unit.conn
    conn.execute(update(CallKey).where(CallKey.call_id == gone).values(call_id=kept))
    have = select(Recording.link_digest).where(Recording.call_id == kept)
    conn.execute(delete(Recording).where(Recording.call_id == gone, Recording.link_digest.in_(have)))
    for table in (Recording, Note, Promise, DialIntent, CallRedirect):
        conn.execute(update(table).where(table.call_id == gone).values(call_id=kept))
    conn.execute(update(Contact).where(Contact.created_for == gone).values(created_for=kept))
    _merge_reactions(unit, gone, kept)
    rollups.move(
        unit, rollups.cells(rows.stored_call(unit, gone), rows.stored_legs(unit, gone), limits.zone), {}
    )
    rollups.forget_phone(unit, rows.stored_call(unit, gone))
    conn.execute(delete(Leg).where(Leg.call_id == gone))
    conn.execute(delete(Call).where(Call.id == gone))
    conn.execute(insert(CallRedirect).values(id=gone, call_id=kept))
    unit.changes.append(Change("call", gone))


def _merge_reactions(unit: Unit, gone: int, kept: int) -> None:
    """A call reacts once: what either half has done is not done again."""
    done_at = unit.conn.execute(select(Reaction.done_at).where(Reaction.call_id == gone)).scalar()
    unit.conn.execute(delete(Reaction).where(Reaction.call_id == gone))
    if done_at is not None:
        values = {"due_at": None, "done_at": done_at}
        unit.conn.execute(update(Reaction).where(Reaction.call_id == kept).values(values))

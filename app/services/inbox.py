"""Reading the inbox for the admin: what the PBX pushed, in the order it came."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from app.models import Call, CallKey, Phone, Push, Refusal
from app.pbx.numbers import normalise
from app.pbx.protocol import open_envelope

PAGE = 50
STATES = ("ok", "bad", "refused")
COMMANDS = ("event", "history", "contact", "rating")

# The address of a recording holds the client's number, and often opens without a key: never shown.
HIDDEN = "•••"
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,30}(?:://|%3a%2f%2f)[^\s\"'<>]*", re.I)


@dataclass(frozen=True, slots=True)
class PushRow:
    """One push in the list. `type` is the event's or the history's own; `flags` what was odd about it."""

    id: int
    received_at: int
    cmd: str
    type: str
    callid: str
    state: str
    source: str
    flags: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class PushCard:
    """One push, opened: its fields, or its text when it has none, and the call it belongs to."""

    row: PushRow
    fields: tuple[tuple[str, str], ...]
    text: str
    call_id: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of pushes, newest first; `newer` and `older` are ids to go on from, or None at an end."""

    rows: tuple[PushRow, ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Pushes with a wrong key from one address."""

    address: str
    count: int
    first_at: int
    last_at: int


def page(
    conn: Connection,
    *,
    state: str = "",
    cmd: str = "",
    q: str = "",
    before: int | None = None,
    after: int | None = None,
) -> Page:
    """Pushes older than the id `before`, or newer than `after`. `q`: a callid, or a client's number."""
    query = _filtered(_ROW, state, cmd, q)
    if after is not None:
        rows = conn.execute(query.where(Push.id > after).order_by(Push.id).limit(PAGE + 1)).all()
        more, rows = len(rows) > PAGE, list(reversed(rows[:PAGE]))
        return _page(rows, has_newer=more, has_older=bool(rows))
    if before is not None:
        query = query.where(Push.id < before)
    rows = list(conn.execute(query.order_by(Push.id.desc()).limit(PAGE + 1)))
    return _page(rows[:PAGE], has_newer=before is not None, has_older=len(rows) > PAGE)


def card(conn: Connection, push_id: int) -> PushCard | None:
    """One push with all it said, recordings' addresses hidden. None when there is none."""
    query = _ROW.add_columns(CallKey.call_id).outerjoin(CallKey, CallKey.id == Push.call_key_id)
    row = conn.execute(query.where(Push.id == push_id)).first()
    if row is None:
        return None
    fields = open_envelope(row.body, row.content_type).fields
    shown = tuple((_hide(name), _hide(value)) for name, value in fields.items())
    text = "" if shown else _hide(row.body.decode("utf-8", "replace"))
    return PushCard(_row(row), shown, text, row.call_id)


def latest(conn: Connection) -> PushRow | None:
    """The last push that was accepted: does the PBX speak to us at all?"""
    row = conn.execute(_ROW.where(Push.state != "refused").order_by(Push.id.desc()).limit(1)).first()
    return _row(row) if row else None


def count_since(conn: Connection, at: int) -> int:
    """How many pushes came since an instant (epoch ms)."""
    return int(conn.scalar(select(func.count()).where(Push.received_at >= at)) or 0)


def troubles(conn: Connection) -> Mapping[str, int]:
    """How many pushes are bad, and how many were refused."""
    query = select(Push.state, func.count()).where(Push.state.in_(("bad", "refused"))).group_by(Push.state)
    return {"bad": 0, "refused": 0} | {state: count for state, count in conn.execute(query)}


def refusals(conn: Connection, limit: int = 50) -> list[RefusalRow]:
    """Who came with a wrong key, the last one first."""
    columns = (Refusal.address, Refusal.count, Refusal.first_at, Refusal.last_at)
    query = select(*columns).order_by(Refusal.last_at.desc()).limit(limit)
    return [RefusalRow(*row) for row in conn.execute(query)]


_ROW = select(
    Push.id,
    Push.received_at,
    Push.cmd,
    Push.callid,
    Push.state,
    Push.source,
    Push.flags,
    Push.error,
    Push.body,
    Push.content_type,
)


def _filtered(query: Select[*tuple[Any, ...]], state: str, cmd: str, q: str) -> Select[*tuple[Any, ...]]:
    if state in STATES:
        query = query.where(Push.state == state)
    if cmd in COMMANDS:
        query = query.where(Push.cmd == cmd)
    if q:
        query = query.where(Push.call_key_id.in_(_keys(q)))
    return query


def _keys(q: str) -> Select[int]:
    """Which calls' keys are meant: those of a client's number, else those with this callid."""
    number = normalise(q.strip())
    if number.kind != "e164":
        return select(CallKey.id).where(CallKey.callid == q.strip())
    calls = select(Call.id).join(Phone, Phone.id == Call.phone_id).where(Phone.number == number.value)
    return select(CallKey.id).where(CallKey.call_id.in_(calls) | (CallKey.callid == q.strip()))


def _page(rows: list[Any], *, has_newer: bool, has_older: bool) -> Page:
    read = tuple(_row(row) for row in rows)
    newer = read[0].id if read and has_newer else None
    return Page(read, newer, read[-1].id if read and has_older else None)


def _row(row: Any) -> PushRow:
    said = open_envelope(row.body, row.content_type).fields
    return PushRow(
        id=row.id,
        received_at=row.received_at,
        cmd=_hide(row.cmd or said.get("cmd", ""))[:32],
        type=_hide(said.get("type", ""))[:32],
        callid=_hide(row.callid or said.get("callid", ""))[:200],
        state=row.state,
        source=row.source,
        flags=tuple(row.flags.split()),
        error=_hide(row.error),
    )


def _hide(text: str) -> str:
    return _URL.sub(HIDDEN, text)

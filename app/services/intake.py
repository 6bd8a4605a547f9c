"""The inbox: a push is stored, and its call brought up to date, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select

from app.models import Push, Refusal
from app.models.base import table_of
from app.pbx.message import Message
from app.pbx.numbers import Number, normalise, region_of
from app.pbx.protocol import open_envelope, parse
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.projection import keys
from app.services.projection.refresh import create, refresh
from app.services.projection.trails import TELLING
from app.services.tracking import Limits, joins, new_generation
from app.services.tracking import Push as TrailPush
from app.services.upsert import insert_for
from app.services.writer import Unit

_COLUMNS = ("pbx_id", "received_at", "callid", "call_key_id", "cmd", "source")
_MORE = ("content_type", "body", "flags", "state", "error")
_APPEND = Prepared(insert(table_of(Push)).returning(Push.id), (*_COLUMNS, *_MORE))


@dataclass(frozen=True, slots=True)
class Incoming:
    """A push as the webhook took it: the body less its key, and what could be read in it."""

    pbx_id: int
    received_at: int
    body: bytes
    content_type: str
    message: Message | None
    flags: tuple[str, ...] = ()
    reason: str = ""  # why it was refused, when there is no message
    source: str = "http"

    @classmethod
    def read_again(
        cls, pbx_id: int, received_at: int, content_type: str, body: bytes, *, source: str
    ) -> Incoming:
        """A push from its stored body. Raises Invalid for one that was refused."""
        envelope = open_envelope(body, content_type)
        message = parse(envelope.fields)
        flags = envelope.flags + message.flags
        return cls(pbx_id, received_at, body, content_type, message, flags, source=source)


def store(unit: Unit, push: Incoming, limits: Limits) -> int:
    """Append a push to the inbox and bring its call up to date; returns the push's id."""
    message = push.message
    if message is None:
        return _append(unit, push, state="refused", error=push.reason)
    callid = keys.stored_callid(message.callid)
    keys.lock(unit, callid)
    key = keys.newest(unit, push.pbx_id, callid)
    if message.cmd not in TELLING:
        return _append(unit, push, callid=callid, key_id=key.id if key else None)
    phone = _number(message, limits)
    if key is None or _is_reused(unit, key, push, phone):
        return _begin(unit, push, message, callid, key.generation + 1 if key else 0, phone, limits)
    keys.touch(unit, push.pbx_id, callid, key, phone, push.received_at)
    push_id = _append(unit, push, callid=callid, key_id=key.id)
    refresh(unit, key.call_id, limits, push=TrailPush(push_id, push.received_at, message))
    if second := joins(message):
        _join(unit, push, key.call_id, second, limits)
    return push_id


def _begin(
    unit: Unit,
    push: Incoming,
    message: Message,
    callid: str,
    generation: int,
    phone: Number | None,
    limits: Limits,
) -> int:
    """The first push of a call: the call, its key and the inbox row."""
    trail = TrailPush(0, push.received_at, message)
    call_id = create(unit, push.pbx_id, callid, trail, limits)
    key_id = keys.add(unit, push.pbx_id, callid, generation, call_id, phone, push.received_at)
    push_id = _append(unit, push, callid=callid, key_id=key_id)
    if second := joins(message):
        _join(unit, push, call_id, second, limits)
    return push_id


def _join(unit: Unit, push: Incoming, call_id: int, second: str, limits: Limits) -> None:
    second = keys.stored_callid(second)
    keys.lock(unit, second)
    keys.join(unit, push.pbx_id, call_id, second, push.received_at, limits)
    refresh(unit, call_id, limits)


def _append(
    unit: Unit,
    push: Incoming,
    *,
    callid: str = "",
    key_id: int | None = None,
    state: str = "ok",
    error: str = "",
) -> int:
    message = push.message
    row = {
        "pbx_id": push.pbx_id,
        "received_at": push.received_at,
        "callid": callid,
        "call_key_id": key_id,
        "cmd": message.cmd if message else "",
        "source": push.source,
        "content_type": push.content_type[:200],
        "body": push.body,
        "flags": " ".join(push.flags),
        "state": state,
        "error": error[:2000],
    }
    push_id = int(_APPEND.scalar(unit.conn, row))
    if state != "ok":
        unit.changes.append(Change("inbox", push_id))
    return push_id


def store_bad(unit: Unit, push: Incoming, error: str) -> int:
    """Keep the body of a push that would not become a call."""
    callid = keys.stored_callid(push.message.callid) if push.message else ""
    return _append(unit, push, callid=callid, state="bad", error=error)


def is_stored(unit: Unit, push: Incoming) -> bool:
    """Whether this very push is in the inbox: for one whose COMMIT was never heard of."""
    same = (Push.received_at == push.received_at, Push.pbx_id == push.pbx_id, Push.body == push.body)
    return unit.conn.execute(select(Push.id).where(*same).limit(1)).first() is not None


def count_refused_key(unit: Unit, address: str) -> None:
    """Count a push with a wrong key; nothing else of it is kept."""
    statement = insert_for(unit.conn, Refusal).values(
        address=address[:64], first_at=unit.now, last_at=unit.now, count=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["address"], set_={"last_at": unit.now, "count": Refusal.count + 1}
    )
    unit.conn.execute(statement)


def _number(message: Message, limits: Limits) -> Number | None:
    """The client's number; None for a push that names none (a rating)."""
    if message.phone is None:
        return None
    return normalise(message.phone, region(message, limits.region))


def region(message: Message, default: str = "RU") -> str:
    """The country a number without one belongs to: that of our number which was called."""
    return region_of(message.diversion) or default


def _is_reused(unit: Unit, key: keys.Key, push: Incoming, phone: Number | None) -> bool:
    """Whether the PBX gave this callid to another call. The cheap answer first, then the exact one."""
    if phone is None:
        return False
    known, at = phone._replace(value=key.phone), push.received_at
    if not new_generation(key.last_push_at, known, at, phone):
        return False
    return new_generation(keys.last_push_at(unit, key), known, at, phone)

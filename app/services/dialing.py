"""Dialling: a wish is committed before the one request leaves, and its outcome is never guessed.

The PBX rings the manager first, then the client, and bills both legs: never dial twice. `state` of a
dial: sent (on the wire), accepted, refused (nothing was dialled), unknown (sent, no answer: it may have
been dialled; the call itself will tell).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select, update

from app.models import Contact, ContactPhone, DialIntent, PbxAccount
from app.pbx.client import DialAnswer
from app.services.changes import Change
from app.services.dial_wish import Impossible, Wish
from app.services.upsert import insert_for
from app.services.writer import Unit

DOUBLE_MS = 5_000  # the same number again this soon is a double click, not a wish
LOST_MS = 35_000  # what has no answer by then will get none: the process that asked is gone
NEWEST = 1000  # more dials than this are never under way at once
MATCH_MS = 5 * 60_000  # how long after the dial its call may begin
SKEW_MS = 60_000  # how much the PBX's clock may be behind ours


@dataclass(frozen=True, slots=True)
class Begun:
    """A wish in the database. `won`: this click is the one that sends the request."""

    id: int
    won: bool


@dataclass(frozen=True, slots=True)
class Dial:
    """How a dial stands, to be shown. `reason` is a code; `name` the contact's, empty without one."""

    intent: str
    user_id: int
    number: str
    state: str
    reason: str
    call_id: int | None
    name: str


_SHOWN = (
    select(
        DialIntent.intent,
        DialIntent.user_id,
        DialIntent.number,
        DialIntent.state,
        DialIntent.reason,
        DialIntent.call_id,
        func.coalesce(Contact.name, ""),
    )
    .outerjoin(ContactPhone, ContactPhone.number == DialIntent.number)
    .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
)


def begin(unit: Unit, wish: Wish) -> Begun:
    """Commit a wish before its request leaves, once per intent.

    A second wish for the number just dialled is kept as refused, so that its repeat stays refused.
    Raises Impossible for an intent of somebody else.
    """
    doubled = _just_dialled(unit, wish)
    values = {
        "intent": wish.intent,
        "user_id": wish.user_id,
        "account_id": wish.account.id,
        "number": wish.number,
        "state": "refused" if doubled else "sent",
        "reason": "already_dialling" if doubled else "",
        "created_at": unit.now,
        "sent_at": None if doubled else unit.now,
    }
    statement = insert_for(unit.conn, DialIntent).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=["intent"]).returning(DialIntent.id)
    inserted = unit.conn.scalar(statement)
    if inserted is not None:
        return Begun(inserted, won=not doubled)
    first = unit.conn.execute(
        select(DialIntent.id, DialIntent.user_id).where(DialIntent.intent == wish.intent)
    ).one()
    if first.user_id != wish.user_id:
        raise Impossible("bad_intent")
    return Begun(first.id, won=False)


def _just_dialled(unit: Unit, wish: Wish) -> bool:
    query = select(DialIntent.id).where(
        DialIntent.user_id == wish.user_id,
        DialIntent.number == wish.number,
        DialIntent.account_id.in_(select(PbxAccount.id).where(PbxAccount.user_id == wish.user_id)),
        DialIntent.created_at > unit.now - DOUBLE_MS,
        DialIntent.state != "refused",
        DialIntent.intent != wish.intent,
    )
    return unit.conn.scalar(query.limit(1)) is not None


def settle(unit: Unit, dial_id: int, answer: DialAnswer) -> None:
    """Write down what the PBX answered. A call that has turned up meanwhile outweighs silence."""
    call_id = unit.conn.scalar(select(DialIntent.call_id).where(DialIntent.id == dial_id))
    state = "accepted" if answer.kind == "unknown" and call_id is not None else answer.kind
    values = {
        "state": state,
        "reason": "" if state == "accepted" else (answer.reason or "")[:64],
        "pbx_ref": (answer.call_ref or "")[:200],
        "answered_at": unit.now,
    }
    unit.conn.execute(update(DialIntent).where(DialIntent.id == dial_id).values(**values))
    unit.changes.append(Change("dial", dial_id))


def anything_lost(conn: Connection, now: int, lost_ms: int = LOST_MS) -> bool:
    """Whether a dial of late will get no answer any more: a read, so that an idle server writes nothing."""
    newest = select(func.max(DialIntent.id)).scalar_subquery()
    late = select(DialIntent.id).where(DialIntent.id > newest - NEWEST, _lost(now, lost_ms))
    return conn.execute(late.limit(1)).first() is not None


def _lost(now: int, lost_ms: int) -> ColumnElement[bool]:
    return DialIntent.state.in_(("new", "sent")) & (DialIntent.created_at <= now - lost_ms)


def recover(unit: Unit, lost_ms: int = LOST_MS) -> int:
    """Give up waiting for answers that no running process waits for; returns how many.

    An answer that comes after all still corrects the state: see `settle`.
    """
    ids = list(unit.conn.scalars(select(DialIntent.id).where(_lost(unit.now, lost_ms))))
    values = {"state": "unknown", "reason": "no_answer", "answered_at": unit.now}
    unit.conn.execute(update(DialIntent).where(DialIntent.id.in_(ids)).values(**values))
    unit.changes.extend(Change("dial", dial_id) for dial_id in ids)
    return len(ids)


def match(unit: Unit, call_id: int, account_id: int, number: str, at: int) -> int | None:
    """Attach an outgoing call that began at `at` (epoch ms) to the dial it came from, if one did.

    The id in makeCall's answer need not be the pushed callid: user, number and five minutes tell.
    Returns the dial's id; asking again for the same call gives the same dial.
    """
    query = select(DialIntent.id, DialIntent.call_id, DialIntent.state).where(
        DialIntent.account_id == account_id,
        DialIntent.number == number,
        DialIntent.created_at.between(at - MATCH_MS, at + SKEW_MS),
        DialIntent.state != "refused",
    )
    dials = unit.conn.execute(query.order_by(DialIntent.created_at.desc())).all()
    for dial in dials:
        if dial.call_id == call_id:
            return int(dial.id)
    free = next((dial for dial in dials if dial.call_id is None), None)
    if free is None:
        return None
    state = "accepted" if free.state == "unknown" else free.state
    values = {"call_id": call_id, "state": state, "reason": ""}
    unit.conn.execute(update(DialIntent).where(DialIntent.id == free.id).values(**values))
    unit.changes.append(Change("dial", free.id))
    return int(free.id)


def read(conn: Connection, dial_id: int) -> Dial:
    """How one dial stands, for the publisher. Raises NoResultFound for an id that never was."""
    return Dial(*conn.execute(_SHOWN.where(DialIntent.id == dial_id)).one())


def find(conn: Connection, intent: str, user_id: int) -> Dial | None:
    """How the dial of an intent stands, None when this person has none of that intent."""
    mine = _SHOWN.where(DialIntent.intent == intent, DialIntent.user_id == user_id)
    row = conn.execute(mine).first()
    return Dial(*row) if row else None

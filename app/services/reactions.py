"""What follows a finished call once (specification 4.3): contacts made by themselves, debts settled.

The projection plans a reaction for when a call's outcome has stood for 20 s. What makes a contact runs once
per call, whatever a rebuild does; what is true of any talk (who is responsible, which debts are settled) may
run again, because running it twice changes nothing.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select, update

from app.models import Call, Contact, ContactPhone, Phone, Reaction
from app.models.call import LIVE
from app.services import contacts, debts, settings
from app.services.changes import Change
from app.services.ownership import enabled_or_none, mapped_user_id
from app.services.writer import Unavailable, Unit, Writer

log = logging.getLogger(__name__)

BATCH = 100
TOGETHER = 10  # share a transaction; a push that comes meanwhile waits for them
# A reaction that fails by a fault of ours must not stand in the way of the others.
AGAIN_MS = 10 * 60_000


class _Finished(NamedTuple):
    """A finished call with an outside number."""

    id: int
    direction: str
    outcome: str
    account_id: int | None
    phone_id: int
    number: str
    started_at: int


def due(conn: Connection, now: int, limit: int = BATCH) -> list[int]:
    """Ids of calls whose reaction should run now, in the order they were planned for."""
    query = select(Reaction.call_id).where(Reaction.due_at.is_not(None), Reaction.due_at <= now)
    return list(conn.execute(query.order_by(Reaction.due_at, Reaction.call_id).limit(limit)).scalars())


def run_due(writer: Writer, engine: Engine, now: int) -> int:
    """Run what is due and return how many; to be called about once a second. Raises Unavailable."""
    with engine.connect() as conn:
        call_ids = due(conn, now)
    for first in range(0, len(call_ids), TOGETHER):
        _run_group(writer, call_ids[first : first + TOGETHER])
    return len(call_ids)


def _run_group(writer: Writer, call_ids: list[int]) -> None:
    """Some reactions in one transaction; when one fails, each in its own."""
    try:
        writer.write(_run_all, call_ids)
    except Unavailable:
        raise
    except Exception:
        if len(call_ids) > 1:
            for call_id in call_ids:
                _run_group(writer, [call_id])
            return
        log.exception("the reaction to call %d failed; it is tried again in ten minutes", call_ids[0])
        writer.write(_postpone, call_ids[0])


def _run_all(unit: Unit, call_ids: list[int]) -> None:
    for call_id in call_ids:
        run(unit, call_id)


def run(unit: Unit, call_id: int) -> None:
    """Do what follows one call, if it is planned and the call is over."""
    planned = select(Reaction.done_at).where(Reaction.call_id == call_id, Reaction.due_at.is_not(None))
    # Two processes may find the same call due: the second waits here, then finds it done.
    reaction = unit.conn.execute(planned.with_for_update()).one_or_none()
    if reaction is None:
        return
    call = _finished(unit.conn, call_id)
    if call is not None and call.outcome in LIVE:
        _mark(unit, call_id, done_at=reaction.done_at)
        return
    _mark(unit, call_id, done_at=unit.now)
    if call is None:
        return
    if reaction.done_at is None:
        _make_contact(unit, call)
    if call.outcome == "answered":
        _give_to(unit, call.number, mapped_user_id(unit.conn, call.account_id))
    debts.settle(unit, call.phone_id)
    unit.changes.append(Change("debt", call.phone_id))


def _make_contact(unit: Unit, call: _Finished) -> None:
    known = select(ContactPhone.contact_id).where(ContactPhone.number == call.number)
    if unit.conn.execute(known).scalar() is not None:
        return
    if call.direction == "out" and settings.get(unit.conn, "outgoing_makes_contact"):
        person = mapped_user_id(unit.conn, call.account_id)
        _make(unit, call, person, "talk" if call.outcome == "answered" else "manual")
    missed = call.direction == "in" and call.outcome == "missed"
    if missed and settings.get(unit.conn, "missed_makes_contact"):
        _make_for_senior(unit, call)


def _make_for_senior(unit: Unit, call: _Finished) -> None:
    talked = _talked_since(unit.conn, call)
    senior = enabled_or_none(unit.conn, settings.get(unit.conn, "senior_user"))
    _make(unit, call, talked or senior, "talk" if talked else "missed")


def _make(unit: Unit, call: _Finished, responsible_id: int | None, assigned: str) -> None:
    contacts.create(
        unit,
        contacts.NewContact(
            phones=[call.number],
            responsible_id=responsible_id,
            assigned=assigned,
            source="auto",
            created_for=call.id,
        ),
    )


def _give_to(unit: Unit, number: str, user_id: int | None) -> None:
    """The client of a missed call becomes that person's who talked with them."""
    if user_id is None:
        return
    query = select(Contact.id).join(ContactPhone, ContactPhone.contact_id == Contact.id)
    held = query.where(ContactPhone.number == number, Contact.assigned == "missed")
    for contact_id in unit.conn.execute(held).scalars():
        contacts.assign(unit, contact_id, user_id, "talk")


def _talked_since(conn: Connection, call: _Finished) -> int | None:
    """Who has talked with this number since the call, when that is known before the call's own reaction."""
    later = select(Call.account_id).where(
        Call.phone_id == call.phone_id, Call.outcome == "answered", Call.started_at > call.started_at
    )
    for account_id in conn.execute(later.order_by(Call.started_at.desc())).scalars():
        if (person := mapped_user_id(conn, account_id)) is not None:
            return person
    return None


def _finished(conn: Connection, call_id: int) -> _Finished | None:
    """The call, if it is one with an outside number: withheld and internal ones have no reactions."""
    query = (
        select(
            Call.id, Call.direction, Call.outcome, Call.account_id, Phone.id, Phone.number, Call.started_at
        )
        .join(Phone, Phone.id == Call.phone_id)
        .where(Call.id == call_id, Phone.kind == "e164", Call.direction != "internal")
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else _Finished(*row)


def _mark(unit: Unit, call_id: int, *, done_at: int | None) -> None:
    values = {"due_at": None, "done_at": done_at}
    unit.conn.execute(update(Reaction).where(Reaction.call_id == call_id).values(values))


def _postpone(unit: Unit, call_id: int) -> None:
    later = update(Reaction).where(Reaction.call_id == call_id, Reaction.due_at.is_not(None))
    unit.conn.execute(later.values(due_at=unit.now + AGAIN_MS))

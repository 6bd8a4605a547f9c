"""Missed calls nobody has answered for yet: one debt a number, until somebody talks with the client.

A call becomes a debt when its reaction has run, that is when `missed` has stood for 20 s. A debt is settled
by a later answered call with that number, by the PBX's word for it (`missedStatus` 1 and 2, a later edition
of the specification), or by a person who says it is done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import aliased

from app.models import Call, Contact, ContactPhone, Did, Leg, Phone, Promise, Reaction, User
from app.services.ownership import account_ids_of
from app.services.writer import Unit

WINDOW_DAYS = 30
DAY_MS = 86_400_000
SHOWN = 200

# Written out, not bound: only so do both databases see that the index of missed calls serves.
MISSED: ColumnElement[bool] = literal_column("(call.direction = 'in' AND call.outcome = 'missed')", Boolean)
# SQLite takes that index for no better than the one of all calls, unless it is told.
_OPEN = "WHERE direction = 'in' AND outcome = 'missed' AND callback_s IS NULL AND started_at >= :since"
_UNSETTLED = {
    "sqlite": text(f"SELECT id FROM call INDEXED BY ix_call_missed {_OPEN}"),  # noqa: S608 - constants
    "postgresql": text(f"SELECT id FROM call {_OPEN}"),  # noqa: S608 - constants
}
SETTLED_BY_PBX = ("1", "2")


class Debt(NamedTuple):
    """A number that waits for our call. `first_at`: since when; `times`: missed calls since then."""

    phone_id: int
    number: str
    first_at: int
    last_at: int
    times: int
    call_id: int
    contact_id: int | None
    name: str
    company: str
    responsible_id: int | None
    responsible: str
    did: str
    did_label: str
    tries: int


def open_for(
    conn: Connection, user_id: int | None, now: int, *, phone_id: int | None = None, limit: int = SHOWN
) -> list[Debt]:
    """Debts a person should see, the longest waiting first; all of them for `user_id` None.

    A person sees the calls that rang at their phone, those of their own contacts, and those that rang for
    a group and have nobody responsible.
    """
    numbers = _missed(conn, user_id, now)
    missed = (numbers if phone_id is None else numbers.where(Call.phone_id == phone_id)).cte("missed")
    later = aliased(Call)
    tries = (
        select(func.count())
        .where(
            later.phone_id == missed.c.phone_id,
            later.direction == "out",
            later.started_at > missed.c.first_at,
        )
        .scalar_subquery()
    )
    words = [func.coalesce(column, "") for column in (Contact.name, Contact.company)]
    query = (
        _with_contact(select(missed.c.phone_id, Phone.number, missed.c.first_at, missed.c.last_at), missed)
        .add_columns(missed.c.times, missed.c.call_id, Contact.id, *words, Contact.responsible_id)
        .add_columns(*(func.coalesce(column, "") for column in (User.name, Did.number, Did.label)), tries)
        .join(Call, Call.id == missed.c.call_id)
        .outerjoin(Did, Did.id == Call.did_id)
        .outerjoin(User, User.id == Contact.responsible_id)
        .where(_seen_by(missed, user_id))
        .order_by(missed.c.first_at, missed.c.phone_id)
        .limit(limit)
    )
    return [Debt(*row) for row in conn.execute(query)]


def find(conn: Connection, user_id: int | None, phone_id: int, now: int) -> Debt | None:
    """One open debt that this person sees."""
    return next(iter(open_for(conn, user_id, now, phone_id=phone_id)), None)


def count_for(conn: Connection, user_id: int | None, now: int) -> int:
    """How many debts a person should see: the number beside "Missed"."""
    missed = _missed(conn, user_id, now).cte("missed")
    query = _with_contact(select(func.count()), missed).where(_seen_by(missed, user_id))
    return int(conn.execute(query).scalar_one())


def settle(unit: Unit, phone_id: int) -> None:
    """Write down after how many seconds somebody talked with this number, and keep what was promised."""
    later = aliased(Call)
    talked = (later.phone_id == phone_id, later.outcome == "answered", later.started_at > Call.started_at)
    talked_at = select(func.min(func.coalesce(later.answered_at, later.started_at))).where(*talked)
    unsettled = (Call.phone_id == phone_id, MISSED, Call.callback_s.is_(None), exists().where(*talked))
    seconds = (talked_at.scalar_subquery() - Call.started_at) // 1000
    unit.conn.execute(update(Call).where(*unsettled).values(callback_s=seconds))
    _keep_promises(unit, phone_id)


def _keep_promises(unit: Unit, phone_id: int) -> None:
    spoke = (Call.phone_id == phone_id, Call.outcome == "answered", Call.started_at >= Promise.created_at)
    spoke_at = select(func.min(func.coalesce(Call.answered_at, Call.started_at))).where(*spoke)
    number = select(Phone.number).where(Phone.id == phone_id).scalar_subquery()
    unkept = (Promise.number == number, Promise.kept_at.is_(None), exists().where(*spoke))
    unit.conn.execute(update(Promise).where(*unkept).values(kept_at=spoke_at.scalar_subquery()))


def _missed(conn: Connection, user_id: int | None, now: int) -> Select[*tuple[Any, ...]]:
    """Numbers with unsettled missed calls: since when, how often, whether they rang here."""
    accounts = account_ids_of(conn, user_id) if user_id is not None else []
    rang = exists().where(Leg.call_id == Call.id, Leg.account_id.in_(accounts)) if accounts else false()
    return (
        select(
            Call.phone_id,
            func.min(Call.started_at).label("first_at"),
            func.max(Call.started_at).label("last_at"),
            func.count().label("times"),
            func.max(Call.id).label("call_id"),
            func.max(case((rang, 1), else_=0)).label("mine"),
            func.max(case((Call.account_id.is_(None), 1), else_=0)).label("shared"),
        )
        .join(Phone, Phone.id == Call.phone_id)
        .join(Reaction, Reaction.call_id == Call.id)
        .where(Call.id.in_(_UNSETTLED[conn.dialect.name].bindparams(since=now - WINDOW_DAYS * DAY_MS)))
        .where(Phone.kind == "e164", Reaction.done_at.is_not(None), ~_settled())
        .group_by(Call.phone_id)
    )


def _settled() -> ColumnElement[bool]:
    later = aliased(Call)
    hint = Call.missed_status.in_(SETTLED_BY_PBX)
    talked = or_(later.outcome == "answered", later.missed_status.in_(SETTLED_BY_PBX))
    called = exists().where(later.phone_id == Call.phone_id, later.started_at > Call.started_at, talked)
    done = exists().where(Promise.number == Phone.number, Promise.kept_at >= Call.started_at)
    return or_(hint, called, done)


def _with_contact(query: Select[*tuple[Any, ...]], missed: Any) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(missed)
        .join(Phone, Phone.id == missed.c.phone_id)
        .outerjoin(ContactPhone, ContactPhone.number == Phone.number)
        .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
    )


def _seen_by(missed: Any, user_id: int | None) -> ColumnElement[bool]:
    if user_id is None:
        return true()
    group_call = and_(missed.c.shared == 1, Contact.responsible_id.is_(None))
    own: ColumnElement[bool] = or_(missed.c.mine == 1, Contact.responsible_id == user_id, group_call)
    return own

"""Contacts, read: whose number this is, the list with its search, one card."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from app.models import Call, Contact, ContactPhone, Did, Phone, User
from app.services.directory_search import matches

PAGE = 50
_Listing = Select[int, str, str, str, str, int, int | None]
LONGEST_CHAIN = 10


class Found(NamedTuple):
    """Who a number belongs to, as live pages and rows show it."""

    id: int
    name: str
    company: str
    responsible_id: int | None
    responsible: str


class ContactLine(NamedTuple):
    """A contact in a list; `numbers` in E.164."""

    id: int
    name: str
    company: str
    responsible: str
    assigned: str
    created_at: int
    created_for: int | None
    numbers: list[str]
    last_call_at: int | None


class Waiting(NamedTuple):
    """A client whose call was missed, given to a senior manager until somebody talks with them."""

    id: int
    name: str
    number: str
    missed_at: int
    via_number: str
    via_label: str


class Number(NamedTuple):
    """A number of a contact with what is known of its calls."""

    number: str
    calls: int
    last_call_at: int | None


class Card(NamedTuple):
    """Everything a contact's own page says besides calls and notes."""

    id: int
    name: str
    company: str
    responsible_id: int | None
    responsible: str
    responsible_enabled: bool
    assigned: str
    source: str
    created_at: int
    created_for: int | None
    numbers: list[Number]

    @property
    def calls(self) -> int:
        """How many calls there were with all of the contact's numbers."""
        return sum(number.calls for number in self.numbers)


def find(conn: Connection, number: str) -> Found | None:
    """The contact that has this E.164 number."""
    query = (
        select(
            Contact.id, Contact.name, Contact.company, Contact.responsible_id, func.coalesce(User.name, "")
        )
        .select_from(ContactPhone)
        .join(Contact, Contact.id == ContactPhone.contact_id)
        .outerjoin(User, User.id == Contact.responsible_id)
        .where(ContactPhone.number == number)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Found(*row)


def resolve(conn: Connection, contact_id: int) -> int | None:
    """The contact this id stands for today: itself, or the one it was merged into; None if unknown."""
    for _ in range(LONGEST_CHAIN):
        row = conn.execute(select(Contact.merged_into).where(Contact.id == contact_id)).one_or_none()
        if row is None:
            return None
        if row.merged_into is None:
            return contact_id
        contact_id = row.merged_into
    return None


def card(conn: Connection, contact_id: int) -> Card | None:
    """One contact, found by its own id or by that of a contact merged into it."""
    living = resolve(conn, contact_id)
    if living is None:
        return None
    query = (
        select(Contact, User.name.label("responsible"), User.enabled.label("responsible_enabled"))
        .outerjoin(User, User.id == Contact.responsible_id)
        .where(Contact.id == living)
    )
    row = conn.execute(query).mappings().one()
    return Card(
        id=living,
        name=row["name"],
        company=row["company"],
        responsible_id=row["responsible_id"],
        responsible=row["responsible"] or "",
        responsible_enabled=bool(row["responsible_enabled"]),
        assigned=row["assigned"],
        source=row["source"],
        created_at=row["created_at"],
        created_for=row["created_for"],
        numbers=_numbers(conn, living),
    )


def _numbers(conn: Connection, contact_id: int) -> list[Number]:
    query = (
        select(ContactPhone.number, func.coalesce(Phone.calls, 0), Phone.last_call_at)
        .outerjoin(Phone, Phone.number == ContactPhone.number)
        .where(ContactPhone.contact_id == contact_id)
        .order_by(func.coalesce(Phone.calls, 0).desc(), ContactPhone.number)
    )
    return [Number(number, calls, last or None) for number, calls, last in conn.execute(query)]


def listed(
    conn: Connection,
    *,
    q: str = "",
    responsible_id: int | None = None,
    before_id: int | None = None,
    limit: int = PAGE,
) -> list[ContactLine]:
    """Contacts, newest first, from below `before_id`: those that match `q`, those of one person."""
    where: list[ColumnElement[bool]] = [Contact.merged_into.is_(None)]
    if responsible_id is not None:
        where.append(Contact.responsible_id == responsible_id)
    if before_id is not None:
        where.append(Contact.id < before_id)
    if q.strip():
        where.append(matches(conn, q))
    return _lines(conn, _listing().where(and_(*where)).limit(limit))


def waiting_for(conn: Connection, user_id: int, limit: int = PAGE) -> list[Waiting]:
    """Contacts of missed calls that nobody has talked with since: the senior manager's, newest first."""
    number = select(func.min(ContactPhone.number)).where(ContactPhone.contact_id == Contact.id)
    missed_at = func.coalesce(Call.started_at, Contact.created_at)
    our_number = (func.coalesce(Did.number, ""), func.coalesce(Did.label, ""))
    query = (
        select(Contact.id, Contact.name, number.scalar_subquery(), missed_at, *our_number)
        .outerjoin(Call, Call.id == Contact.created_for)
        .outerjoin(Did, Did.id == Call.did_id)
        .where(Contact.responsible_id == user_id, Contact.assigned == "missed", Contact.merged_into.is_(None))
        .order_by(Contact.id.desc())
        .limit(limit)
    )
    return [Waiting(*row) for row in conn.execute(query)]


def _listing() -> _Listing:
    columns = (Contact.id, Contact.name, Contact.company, func.coalesce(User.name, "").label("responsible"))
    return (
        select(*columns, Contact.assigned, Contact.created_at, Contact.created_for)
        .outerjoin(User, User.id == Contact.responsible_id)
        .order_by(Contact.id.desc())
    )


def _lines(conn: Connection, query: _Listing) -> list[ContactLine]:
    rows = conn.execute(query).all()
    numbers: dict[int, list[str]] = {row.id: [] for row in rows}
    last: dict[int, int] = dict.fromkeys(numbers, 0)
    phones = (
        select(ContactPhone.contact_id, ContactPhone.number, func.coalesce(Phone.last_call_at, 0))
        .outerjoin(Phone, Phone.number == ContactPhone.number)
        .where(ContactPhone.contact_id.in_(numbers))
        .order_by(func.coalesce(Phone.last_call_at, 0).desc(), ContactPhone.number)
    )
    for contact_id, number, last_call_at in conn.execute(phones):
        numbers[contact_id].append(number)
        last[contact_id] = max(last[contact_id], last_call_at)
    return [ContactLine(*row, numbers[row.id], last[row.id] or None) for row in rows]

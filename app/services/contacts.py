"""Contacts, written: made, changed, given numbers, merged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, insert, select, update

from app.models import Contact, ContactPhone, Note
from app.pbx.numbers import normalise
from app.services.changes import Change
from app.services.directory import resolve
from app.services.ownership import enabled_or_none
from app.services.upsert import insert_for
from app.services.writer import Unit

LONGEST = 200

Code = Literal["not_a_number", "number_taken", "not_found", "same_contact", "too_long", "nobody"]


class ContactError(ValueError):
    """A change that cannot be made; `contact_id` is the contact that already has the number."""

    def __init__(self, code: Code, contact_id: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.contact_id = contact_id


@dataclass(frozen=True, slots=True)
class NewContact:
    """What a contact begins with. `phones`: however they are written; the codes: see models.Contact."""

    phones: Iterable[str]
    name: str = ""
    company: str = ""
    responsible_id: int | None = None
    assigned: str = "manual"
    source: str = "manual"
    created_by: int | None = None
    created_for: int | None = None


def create(unit: Unit, new: NewContact) -> int:
    """Make a contact and return its id.

    Raises ContactError: not_a_number, number_taken, too_long, nobody (no enabled person has this id).
    """
    numbers = [as_e164(phone) for phone in new.phones]
    values = {
        "name": clean(new.name),
        "company": clean(new.company),
        "responsible_id": _person(unit.conn, new.responsible_id),
        "assigned": new.assigned,
        "source": new.source,
        "created_at": unit.now,
        "created_by": new.created_by,
        "created_for": new.created_for,
    }
    contact_id = unit.conn.execute(insert(Contact).values(values).returning(Contact.id)).scalar_one()
    for number in numbers:
        _claim(unit, contact_id, number)
    unit.changes.append(Change("contact", contact_id))
    return contact_id


def edit(unit: Unit, contact_id: int, *, name: str, company: str, responsible_id: int | None) -> int:
    """Change what a person may change; a new responsible is then one chosen by hand. Returns the living id.

    Raises ContactError: not_found, too_long, nobody.
    """
    living = _living(unit.conn, contact_id)
    values: dict[str, object] = {"name": clean(name), "company": clean(company)}
    held = unit.conn.execute(select(Contact.responsible_id).where(Contact.id == living)).scalar_one()
    if responsible_id != held:
        values |= {"responsible_id": _person(unit.conn, responsible_id), "assigned": "manual"}
    unit.conn.execute(update(Contact).where(Contact.id == living).values(values))
    unit.changes.append(Change("contact", living))
    return living


def assign(unit: Unit, contact_id: int, user_id: int | None, assigned: str) -> None:
    """Give a contact to a person; `assigned` says how that came about."""
    values = {"responsible_id": user_id, "assigned": assigned}
    unit.conn.execute(update(Contact).where(Contact.id == contact_id).values(values))
    unit.changes.append(Change("contact", contact_id))


def add_number(unit: Unit, contact_id: int, phone: str) -> str:
    """Give a contact one more number and return it as E.164.

    Raises ContactError: not_found, not_a_number, number_taken (with the contact that has it).
    """
    living = _living(unit.conn, contact_id)
    number = as_e164(phone)
    _claim(unit, living, number)
    unit.changes.append(Change("contact", living))
    return number


def remove_number(unit: Unit, contact_id: int, number: str) -> None:
    """Take a number from a contact; a number that is not there is no error."""
    where = (ContactPhone.contact_id == contact_id, ContactPhone.number == number)
    if unit.conn.execute(delete(ContactPhone).where(*where)).rowcount:
        unit.changes.append(Change("contact", contact_id))


def merge(unit: Unit, kept_id: int, other_id: int) -> int:
    """Move numbers and notes of one contact to another; the emptied one leads there from now on.

    What the kept contact does not know is taken over. Raises ContactError: not_found, same_contact.
    """
    kept, other = _living(unit.conn, kept_id), _living(unit.conn, other_id)
    if kept == other:
        raise ContactError("same_contact")
    _take_over(unit.conn, kept, other)
    for table in (ContactPhone, Note):
        unit.conn.execute(update(table).where(table.contact_id == other).values(contact_id=kept))
    # Chains stay one step long.
    emptied = (Contact.id == other) | (Contact.merged_into == other)
    unit.conn.execute(update(Contact).where(emptied).values(merged_into=kept, responsible_id=None))
    unit.changes += [Change("contact", kept), Change("contact", other)]
    return kept


def as_e164(phone: str) -> str:
    """The number as it is stored. Raises ContactError not_a_number: internal and withheld ones too."""
    kind, number = normalise(phone)
    if kind != "e164":
        raise ContactError("not_a_number")
    return number


def _take_over(conn: Connection, kept: int, other: int) -> None:
    columns = (Contact.name, Contact.company, Contact.responsible_id, Contact.assigned)
    to = conn.execute(select(*columns).where(Contact.id == kept)).one()
    of = conn.execute(select(*columns).where(Contact.id == other)).one()
    values = {"name": to.name or of.name, "company": to.company or of.company}
    # A senior manager only keeps the place warm.
    vacant = to.responsible_id is None or (to.assigned == "missed" and of.assigned != "missed")
    if vacant and of.responsible_id is not None:
        values |= {"responsible_id": of.responsible_id, "assigned": of.assigned}
    conn.execute(update(Contact).where(Contact.id == kept).values(values))


def _claim(unit: Unit, contact_id: int, number: str) -> None:
    statement = insert_for(unit.conn, ContactPhone).values(number=number, contact_id=contact_id)
    claimed = statement.on_conflict_do_nothing().returning(ContactPhone.number)
    if unit.conn.execute(claimed).scalar() is not None:
        return
    owner = select(ContactPhone.contact_id).where(ContactPhone.number == number)
    owner_id = unit.conn.execute(owner).scalar()
    if owner_id != contact_id:
        raise ContactError("number_taken", owner_id)


def _living(conn: Connection, contact_id: int) -> int:
    living = resolve(conn, contact_id)
    if living is None:
        raise ContactError("not_found")
    return living


def _person(conn: Connection, user_id: int | None) -> int | None:
    if user_id is not None and enabled_or_none(conn, user_id) is None:
        raise ContactError("nobody")
    return user_id


def clean(text: str) -> str:
    """One line of text for a name. Raises ContactError too_long."""
    line = " ".join(text.replace("\0", " ").split())
    if len(line) > LONGEST:
        raise ContactError("too_long")
    return line

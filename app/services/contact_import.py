"""Bringing rows of a file into the contacts: the same number always means the same contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, select, update

from app.models import Contact, ContactPhone, PbxAccount, User
from app.pbx.message import bare_login
from app.pbx.numbers import normalise
from app.services import contacts
from app.services.changes import Change
from app.services.contact_files import Line
from app.services.contacts import ContactError, NewContact
from app.services.writer import Unit

BATCH = 200

Result = Literal["made", "changed", "same", "refused"]


class Imported(NamedTuple):
    """What became of a row; `remarks` are codes, some with the text they are about: ("bad_phone", "12x")."""

    row: int
    result: Result
    remarks: list[tuple[str, str]]


def import_lines(unit: Unit, lines: Sequence[Line]) -> list[Imported]:
    """Bring these rows in, in one transaction. A row that cannot be used is refused, never half-used.

    A filled cell replaces what the contact has, an empty one leaves it; numbers are added, never removed.
    Remarks: bad_phone, no_phone, two_contacts, too_long, unknown_login.
    """
    people = _people(unit.conn)
    return [_bring(unit, line, people) for line in lines]


def _bring(unit: Unit, line: Line, people: dict[str, int]) -> Imported:
    remarks = [("bad_phone", phone) for phone in line.phones if normalise(phone).kind != "e164"]
    numbers = list(dict.fromkeys(n.value for n in map(normalise, line.phones) if n.kind == "e164"))
    login = (bare_login(line.responsible) or "").lower()
    if login and login not in people:
        remarks.append(("unknown_login", line.responsible))
    if not numbers:
        return Imported(line.row, "refused", [*remarks, ("no_phone", "")])
    owners = _owners(unit.conn, numbers)
    if len(set(owners.values())) > 1:
        return Imported(line.row, "refused", [*remarks, ("two_contacts", "")])
    try:
        facts = {"name": contacts.clean(line.name), "company": contacts.clean(line.company)}
    except ContactError:
        return Imported(line.row, "refused", [*remarks, ("too_long", "")])
    person = people.get(login)
    if not owners:
        new = NewContact(numbers, facts["name"], facts["company"], person, "import", "import")
        contacts.create(unit, new)
        return Imported(line.row, "made", remarks)
    contact_id = next(iter(owners.values()))
    changed = _update(unit, contact_id, facts, person)
    for number in numbers:
        if number not in owners:
            contacts.add_number(unit, contact_id, number)
            changed = True
    return Imported(line.row, "changed" if changed else "same", remarks)


def _update(unit: Unit, contact_id: int, facts: dict[str, str], person: int | None) -> bool:
    columns = (Contact.name, Contact.company, Contact.responsible_id)
    stored = unit.conn.execute(select(*columns).where(Contact.id == contact_id)).mappings().one()
    values: dict[str, Any] = {name: text for name, text in facts.items() if text and text != stored[name]}
    if person is not None and person != stored["responsible_id"]:
        values |= {"responsible_id": person, "assigned": "import"}
    if values:
        unit.conn.execute(update(Contact).where(Contact.id == contact_id).values(values))
        unit.changes.append(Change("contact", contact_id))
    return bool(values)


def _owners(conn: Connection, numbers: list[str]) -> dict[str, int]:
    query = select(ContactPhone.number, ContactPhone.contact_id).where(ContactPhone.number.in_(numbers))
    return {number: contact_id for number, contact_id in conn.execute(query)}


def _people(conn: Connection) -> dict[str, int]:
    """Enabled people by the login of their PBX user, in small letters."""
    query = select(PbxAccount.login, User.id).join(User, User.id == PbxAccount.user_id).where(User.enabled)
    return {login.lower(): user_id for login, user_id in conn.execute(query)}

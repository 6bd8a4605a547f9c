"""What people write down about a contact."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from app.models import Note, User
from app.services.changes import Change
from app.services.note_text import clean
from app.services.writer import Unit

LONGEST = 4000


class ContactNote(NamedTuple):
    """One note of a contact."""

    id: int
    author: str
    text: str
    created_at: int
    call_id: int | None


def add_to_contact(unit: Unit, contact_id: int, author_id: int, text: str) -> int:
    """Write a note about a contact and return its id. Raises BadNote."""
    text = clean(text, LONGEST)
    row = {"contact_id": contact_id, "author_id": author_id, "text": text, "created_at": unit.now}
    note_id = unit.conn.execute(insert(Note).values(row).returning(Note.id)).scalar_one()
    unit.changes.append(Change("contact", contact_id))
    return int(note_id)


def of_contact(conn: Connection, contact_id: int, limit: int = 50) -> list[ContactNote]:
    """The newest notes of a contact."""
    query = (
        select(Note.id, User.name, Note.text, Note.created_at, Note.call_id)
        .join(User, User.id == Note.author_id)
        .where(Note.contact_id == contact_id)
        .order_by(Note.created_at.desc(), Note.id.desc())
        .limit(limit)
    )
    return [ContactNote(*row) for row in conn.execute(query)]

"""What people write about a call."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from app.models import Note, User
from app.services.changes import Change
from app.services.note_text import clean
from app.services.writer import Unit

LONGEST = 2000


@dataclass(frozen=True)
class CallNote:
    """What somebody wrote about the call."""

    author: str
    text: str
    disposition: str
    created_at: int


def of_call(conn: Connection, call_id: int) -> list[CallNote]:
    """The notes of a call, the oldest first."""
    query = (
        select(User.name, Note.text, Note.disposition, Note.created_at)
        .join(User, User.id == Note.author_id)
        .where(Note.call_id == call_id)
        .order_by(Note.id)
    )
    return [CallNote(*row) for row in conn.execute(query)]


def add(unit: Unit, call_id: int, author_id: int, text: str) -> None:
    """Write about a call. Raises BadNote for an empty text or one over LONGEST characters."""
    text = clean(text, LONGEST)
    row = {"call_id": call_id, "author_id": author_id, "text": text, "created_at": unit.now}
    unit.conn.execute(insert(Note).values(disposition="", **row))
    unit.changes.append(Change("call", call_id))

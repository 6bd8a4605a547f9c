"""Finding contacts by a name, a company or any part of a number, on both databases."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Connection, literal_column, or_, select, text

from app.models import Contact, ContactPhone

# Below that many characters a trigram index cannot help.
TRIGRAM = 3
_NUMBER = re.compile(r"\+?[0-9\s()./-]+")


def matches(conn: Connection, q: str) -> ColumnElement[bool]:
    """SQL: the contact's name, company or a number of it contains `q`.

    Fewer than three characters match the beginning of a name or the end of a number.
    """
    q = q.replace("\0", "").strip()[:100]
    found = _named(conn, q)
    if _NUMBER.fullmatch(q) and any(sign.isdigit() for sign in q):
        found = or_(found, Contact.id.in_(_numbered(q)))
    return found


def _named(conn: Connection, q: str) -> ColumnElement[bool]:
    if len(q) < TRIGRAM:
        # SQLite folds the case of ASCII only.
        starts = {q, q.lower(), q.upper(), q.capitalize()}
        return or_(*(Contact.name.startswith(start, autoescape=True) for start in sorted(starts)))
    if conn.dialect.name == "postgresql":
        whole: ColumnElement[str] = literal_column("(contact.name || ' ' || contact.company)")
        return whole.icontains(q, autoescape=True)
    phrase = '"' + q.replace('"', '""') + '"'
    found = text("SELECT rowid FROM contact_fts WHERE contact_fts MATCH :phrase").bindparams(phrase=phrase)
    return Contact.id.in_(found)


def _numbered(q: str) -> ColumnElement[int]:
    digits = re.sub(r"[^0-9]", "", q)
    if len(digits) < TRIGRAM:
        like = ContactPhone.number.endswith(digits)
    else:
        like = ContactPhone.number.contains(digits)
        # People write +7 910 as 8 910.
        if digits.startswith("8"):
            like = or_(like, ContactPhone.number.startswith("+7" + digits[1:]))
    return select(ContactPhone.contact_id).where(like).scalar_subquery()

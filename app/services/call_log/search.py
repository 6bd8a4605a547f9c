"""The search of the log: a name, or any part of a number, to the numbers it means.

A text that means a few numbers becomes their ids, and the calls are read from the numbers. One that means
thousands ("79") stays a condition: the log is walked by time then, where every other call fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
)

from app.models import Contact, ContactPhone, Phone

MANY_MATCHES = 30_000
MANY_PHONES = 3000
MANY_CALLS = 30_000
TRIGRAM = 3

_Ids = Select[*tuple[Any, ...]]
_NUMBER_LIKE = re.compile(r"[-+0-9()\s.]+")
_NOT_DIGITS = re.compile(r"[^0-9]")


@dataclass(frozen=True)
class Phones:
    """The numbers a search means: `ids`, or None when they are too many to name.

    `few_calls`: their calls are few enough to be read from the numbers instead of by time.
    """

    text: str
    dialect: str
    ids: tuple[int, ...] | None
    few_calls: bool

    def match(self, phone_id: Any) -> ColumnElement[bool]:
        """The condition that a column of phone ids is one of these numbers."""
        if self.ids is not None:
            return ColumnElement.in_(phone_id, self.ids)
        # Looked up for each call that is walked over: naming all the numbers would take longer.
        fits = [Phone.number.like(pattern, escape="/") for pattern in _patterns(self.text)]
        fits.append(ContactPhone.contact_id.in_(_contacts(self.text, self.dialect)))
        of_number = select(1).outerjoin_from(Phone, ContactPhone, ContactPhone.number == Phone.number)
        return exists(of_number.where(Phone.id == phone_id, or_(*fits)))


def find_phones(conn: Connection, text: str, since_at: int) -> Phones:
    """The numbers that `text` is a part of, or whose contact's name or company it is a part of.

    Only numbers with a call since `since_at` (epoch ms) count. A text of fewer than three characters
    means the end of a number, or the beginning of a name.
    """
    dialect = conn.dialect.name
    candidates: list[tuple[_Ids | None, int]] = [(_contacts(text, dialect), MANY_PHONES)]
    if _patterns(text):
        candidates.append((_numbered(text, dialect), MANY_MATCHES))
    for ids, most in candidates:
        if ids is None or _more_than(conn, ids, most):
            return Phones(text, dialect, None, few_calls=False)
    known = [_named(text, dialect), *(ids for ids, _ in candidates[1:] if ids is not None)]
    recent = select(Phone.id, Phone.calls).where(
        or_(*(Phone.id.in_(ids) for ids in known)), Phone.last_call_at >= since_at
    )
    found = conn.execute(recent.limit(MANY_PHONES + 1)).all()
    if len(found) > MANY_PHONES:
        return Phones(text, dialect, None, few_calls=False)
    calls = sum(count for _, count in found)
    return Phones(text, dialect, tuple(phone_id for phone_id, _ in found), few_calls=calls <= MANY_CALLS)


def _more_than(conn: Connection, statement: _Ids, count: int) -> bool:
    first = statement.limit(count + 1).subquery()
    return (conn.execute(select(func.count()).select_from(first)).scalar() or 0) > count


def _spellings(text: str) -> list[str]:
    """The digits as they may stand in E.164: a Russian 8 900… is stored as +7900…"""
    if not _NUMBER_LIKE.fullmatch(text):
        return []
    digits = _NOT_DIGITS.sub("", text)
    if not digits:
        return []
    if text.startswith("+") and len(digits) >= TRIGRAM:
        return ["+" + digits]
    eight = ["+7" + digits[1:]] if digits.startswith("8") and len(digits) > TRIGRAM else []
    return [digits, *eight]


def _patterns(text: str) -> list[str]:
    return [f"%{one}" if len(one) < TRIGRAM else f"%{one}%" for one in _spellings(text)]


def _numbered(text: str, dialect: str) -> _Ids | None:
    """Ids of numbers with these digits; None when there are too few digits for the index."""
    spellings = _spellings(text)
    if any(len(one) < TRIGRAM for one in spellings):
        return None
    if dialect == "postgresql":
        return select(Phone.id).where(or_(*(Phone.number.like(f"%{one}%") for one in spellings)))
    return _full_text("phone_fts", " OR ".join(f'"{one}"' for one in spellings))


def _named(text: str, dialect: str) -> _Ids:
    """Ids of numbers whose contact has this in its name or company."""
    of_contact = select(Phone.id).join(ContactPhone, ContactPhone.number == Phone.number)
    return of_contact.where(ContactPhone.contact_id.in_(_contacts(text, dialect)))


def _contacts(text: str, dialect: str) -> _Ids:
    """Ids of contacts with this in their name or company."""
    if len(text) < TRIGRAM and _patterns(text):
        return select(Contact.id).where(false())  # one or two digits mean the end of a number
    if len(text) < TRIGRAM:
        begins = (Contact.name.startswith(one, autoescape=True) for one in _cases(text))
        return select(Contact.id).where(or_(*begins))
    if dialect == "postgresql":
        # Written as the index is, or PostgreSQL would not use it.
        words: ColumnElement[str] = Contact.name.op("||")(literal_column("' '")).op("||")(Contact.company)
        return select(Contact.id).where(words.ilike(f"%{_escaped(text)}%", escape="/"))
    quoted = text.replace('"', '""')
    return _full_text("contact_fts", f'"{quoted}"')


def _full_text(name: str, query: str) -> _Ids:
    index = table(name, column("rowid"), column(name))
    return select(index.c.rowid).where(index.c[name].op("MATCH")(query))


def _escaped(text: str) -> str:
    return re.sub(r"([/%_])", r"/\1", text)


def _cases(text: str) -> set[str]:
    return {text, text.capitalize()}

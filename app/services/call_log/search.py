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
    func,
    literal,
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
        fits = [Phone.number.like(pattern, escape="/") for pattern in _patterns(self.text)]
        numbers = exists(select(1).where(Phone.id == phone_id, or_(*fits))) if fits else literal(False)
        return or_(numbers, ColumnElement.in_(phone_id, _named(self.text, self.dialect)))


def find_phones(conn: Connection, text: str, since_at: int) -> Phones:
    """The numbers that `text` is a part of, or whose contact's name or company it is a part of.

    Only numbers with a call since `since_at` (epoch ms) count. A text of fewer than three characters
    means the end of a number, or the beginning of a name.
    """
    dialect = conn.dialect.name
    candidates = [_named(text, dialect)]
    if _patterns(text):
        numbers = _numbered(text, dialect)
        if numbers is None or _at_least(conn, numbers, MANY_MATCHES):
            return Phones(text, dialect, None, few_calls=False)
        candidates.append(numbers)
    recent = select(Phone.id, Phone.calls).where(
        or_(*(Phone.id.in_(ids) for ids in candidates)), Phone.last_call_at >= since_at
    )
    found = conn.execute(recent.limit(MANY_PHONES + 1)).all()
    if len(found) > MANY_PHONES:
        return Phones(text, dialect, None, few_calls=False)
    calls = sum(count for _, count in found)
    return Phones(text, dialect, tuple(phone_id for phone_id, _ in found), few_calls=calls <= MANY_CALLS)


def _at_least(conn: Connection, statement: Select[*tuple[Any, ...]], count: int) -> bool:
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


def _numbered(text: str, dialect: str) -> Select[*tuple[Any, ...]] | None:
    """Ids of numbers with these digits; None when there are too few digits for the index."""
    spellings = _spellings(text)
    if any(len(one) < TRIGRAM for one in spellings):
        return None
    if dialect == "postgresql":
        return select(Phone.id).where(or_(*(Phone.number.like(f"%{one}%") for one in spellings)))
    return _full_text("phone_fts", " OR ".join(f'"{one}"' for one in spellings))


def _named(text: str, dialect: str) -> Select[*tuple[Any, ...]]:
    """Ids of numbers whose contact has this in its name or company."""
    of_contact = (
        select(Phone.id)
        .join(ContactPhone, ContactPhone.number == Phone.number)
        .join(Contact, Contact.id == ContactPhone.contact_id)
    )
    if len(text) < TRIGRAM:
        return of_contact.where(or_(*(Contact.name.startswith(one, autoescape=True) for one in _cases(text))))
    if dialect == "postgresql":
        # Written as the index is, or PostgreSQL would not use it.
        words: ColumnElement[str] = Contact.name.op("||")(literal_column("' '")).op("||")(Contact.company)
        return of_contact.where(words.ilike(f"%{_escaped(text)}%", escape="/"))
    quoted = text.replace('"', '""')
    return of_contact.where(Contact.id.in_(_full_text("contact_fts", f'"{quoted}"')))


def _full_text(name: str, query: str) -> Select[*tuple[Any, ...]]:
    index = table(name, column("rowid"), column(name))
    return select(index.c.rowid).where(index.c[name].op("MATCH")(query))


def _escaped(text: str) -> str:
    return re.sub(r"([/%_])", r"/\1", text)


def _cases(text: str) -> set[str]:
    return {text, text.capitalize()}

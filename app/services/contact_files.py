"""Contacts as a table for other programs: reading such a file, and writing one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from app.concurrency import run_blocking
from app.models import Contact, ContactPhone, PbxAccount
from app.services.call_log.export import cell

COLUMNS = ("name", "phones", "company", "responsible")
BATCH = 1000
# What `cell` puts before a text that a spreadsheet could take for a formula.
_GUARDED = re.compile(r"'(?=[=@+\t\r\n-])")


class BadFile(ValueError):
    """The file cannot be read as contacts at all; `code`: no_header or broken."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Line(NamedTuple):
    """One row of a file, as it was written. `row`: its number, the header being row 1."""

    row: int
    name: str
    phones: list[str]
    company: str
    responsible: str


def read(path: Path) -> list[Line]:
    """The rows of a CSV file: UTF-8, UTF-16 or windows-1251; commas or semicolons; columns in any order.

    Raises BadFile, or OSError when the file cannot be opened.
    """
    text = _decode(path.read_bytes())
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "phones" not in header:
            raise BadFile("no_header", f"the first row must name the columns: {','.join(COLUMNS)}")
        return [
            _line(row, header, cells) for row, cells in enumerate(reader, 2) if any(map(str.strip, cells))
        ]
    except csv.Error as error:
        raise BadFile("broken", f"row {reader.line_num}: {error}") from error


def lines(engine: Engine) -> Iterator[list[str]]:
    """Every contact as the texts of COLUMNS, oldest first; no connection is held between batches."""
    after_id = 0
    while True:
        batch, last_id = run_blocking(_batch, engine, after_id)
        yield from batch
        if len(batch) < BATCH:
            return
        after_id = last_id


def _decode(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", errors="replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1251", errors="replace")


def _line(row: int, header: list[str], cells: list[str]) -> Line:
    named = {name: _GUARDED.sub("", text, count=1).strip() for name, text in zip(header, cells, strict=False)}
    phones = [phone.strip() for phone in named.get("phones", "").split(";") if phone.strip()]
    return Line(row, named.get("name", ""), phones, named.get("company", ""), named.get("responsible", ""))


def _batch(engine: Engine, after_id: int) -> tuple[list[list[str]], int]:
    with engine.connect() as conn:
        rows = conn.execute(
            select(Contact.id, Contact.name, Contact.company, _login())
            .where(Contact.id > after_id, Contact.merged_into.is_(None))
            .order_by(Contact.id)
            .limit(BATCH)
        ).all()
        phones = _phones(conn, [row[0] for row in rows])
    # Numbers are ours already: digits, a plus and semicolons, nothing a spreadsheet would run.
    table = [
        [cell(name), ";".join(phones[id]), cell(company), cell(login)] for id, name, company, login in rows
    ]
    return table, rows[-1][0] if rows else after_id


def _login() -> ColumnElement[str]:
    mapped = select(func.min(PbxAccount.login)).where(
        PbxAccount.user_id == Contact.responsible_id, PbxAccount.enabled
    )
    return func.coalesce(mapped.scalar_subquery(), "")


def _phones(conn: Connection, contact_ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {contact_id: [] for contact_id in contact_ids}
    query = select(ContactPhone.contact_id, ContactPhone.number).where(
        ContactPhone.contact_id.in_(contact_ids)
    )
    for contact_id, number in conn.execute(query.order_by(ContactPhone.number)):
        found[contact_id].append(number)
    return found

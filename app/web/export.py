"""The log as a file: /calls.csv as it streams, /calls.xlsx made in a worker's thread."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import xlsxwriter
from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Engine

from app.concurrency import run_blocking
from app.extensions import db
from app.services import audit
from app.services.call_log.export import COLUMNS, cell, lines
from app.services.call_log.filters import BadFilter, Filters, parse, resolve
from app.services.call_log.totals import count
from app.services.clock import now
from app.web.context import reader, settings, write
from app.web.filters import number
from app.web.security import requires, viewer

bp = Blueprint("export", __name__)

MOST_ROWS = 100_000
LINES_AT_ONCE = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/calls.csv")
@requires("supervisor")
def as_csv() -> ResponseReturnValue:
    """Every call of the filters, however many, as it is read."""
    filters = _filters()
    _note_export("csv", filters)
    return _file(_csv(lines(db.engine, filters)), "text/csv; charset=utf-8", "calls.csv")


@bp.get("/calls.xlsx")
@requires("supervisor")
def as_xlsx() -> ResponseReturnValue:
    """The same as a workbook, up to MOST_ROWS calls."""
    filters = _filters()
    if run_blocking(_is_too_much, db.engine, filters):
        return render_template("calls/too_many.html", csv_url=_csv_url(), most=number(MOST_ROWS)), 422
    _note_export("xlsx", filters)
    return _file([run_blocking(_workbook, db.engine, filters)], XLSX, "calls.xlsx")


def _filters() -> Filters:
    try:
        asked = parse(request.args, ZoneInfo(viewer().timezone), now())
    except BadFilter:
        abort(400)
    return resolve(reader(), asked)


def _note_export(kind: str, filters: Filters) -> None:
    # Days only: what was searched for may be a name or a number, which the audit never holds.
    detail = f"{kind} {filters.since_at}-{filters.until_at or ''}"
    write(audit.record, viewer().id, "calls.exported", "calls", "", detail)


def _csv_url() -> str:
    return "/calls.csv?" + request.query_string.decode("utf-8", "replace")


def _file(body: Iterable[str] | Iterable[bytes], kind: str, name: str) -> Response:
    db.session.remove()  # a slow download must not hold the request's connection
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, content_type=kind, headers=headers)


def _csv(found: Iterator[list[str]]) -> Iterator[str]:
    """Pieces of the file, the columns' names first."""
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(COLUMNS)
    for index, line in enumerate(found):
        table.writerow([cell(text) for text in line])
        if index % LINES_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _is_too_much(engine: Engine, filters: Filters) -> bool:
    with engine.connect() as conn:
        return count(conn, filters, settings().zone, bound=MOST_ROWS).calls >= MOST_ROWS


def _workbook(engine: Engine, filters: Filters) -> bytes:
    """The workbook's bytes. Texts are written as texts, so nothing in them is a formula or a link."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet(_("Calls"))
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name)
    for row, line in enumerate(lines(engine, filters), start=1):
        for column, text in enumerate(line):
            sheet.write_string(row, column, text)
    book.close()
    return buffer.getvalue()

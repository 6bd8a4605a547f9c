"""Contacts: list, card, making and changing them, the list as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from app.concurrency import run_blocking
from app.extensions import db
from app.services import audit, contact_calls, contact_notes, contacts, directory, ownership
from app.services.contact_files import COLUMNS, lines
from app.services.contacts import ContactError, NewContact
from app.services.directory import PAGE, Card, ContactLine
from app.services.note_text import BadNote
from app.services.writer import Unit
from app.web.contact_words import field_errors
from app.web.context import reader, write
from app.web.intents import intents
from app.web.security import may, requires, viewer

bp = Blueprint("contacts", __name__)

ID = "<int(max=2147483647):contact_id>"


@bp.get("/contacts")
@requires("agent")
def page() -> ResponseReturnValue:
    """The list, newest first, with its search."""
    return _list()


@bp.post("/contacts")
@requires("agent")
def create() -> ResponseReturnValue:
    """Make a contact, from the list's form or from a screen pop."""
    name, company = request.form.get("name", ""), request.form.get("company", "")
    new = NewContact([request.form.get("phone", "")], name, company, created_by=viewer().id)
    is_from_pop = request.headers.get("HX-Request") == "true"
    try:
        contact_id = write(contacts.create, new)
    except ContactError as error:
        if is_from_pop:  # the page swaps in no errors, and this one it has to show
            return _notice(field_errors(error), error.contact_id)
        return _list(errors=field_errors(error), taken_by=error.contact_id), 422
    return _notice({}, contact_id) if is_from_pop else redirect(f"/contacts/{contact_id}", 303)


@bp.get(f"/contacts/{ID}")
@requires("agent")
def one(contact_id: int) -> ResponseReturnValue:
    """The card of one contact. The address of a merged one leads to the one that was kept."""
    found = _found(contact_id)
    return _card(found) if found.id == contact_id else redirect(f"/contacts/{found.id}", 301)


@bp.post(f"/contacts/{ID}")
@requires("agent")
def edit(contact_id: int) -> ResponseReturnValue:
    """Keep the card's form: name, company, responsible, and one more number if there is one."""
    found = _found(contact_id)
    name, company = request.form.get("name", ""), request.form.get("company", "")
    responsible_id = _person(request.form.get("responsible_id", ""))
    phone = request.form.get("phone", "").strip()

    def change(unit: Unit) -> None:
        contacts.edit(unit, found.id, name=name, company=company, responsible_id=responsible_id)
        if phone:
            contacts.add_number(unit, found.id, phone)

    try:
        write(change)
    except ContactError as error:
        return _card(found, errors=field_errors(error), taken_by=error.contact_id), 422
    return redirect(f"/contacts/{found.id}", 303)


@bp.post(f"/contacts/{ID}/numbers/remove")
@requires("agent")
def remove_number(contact_id: int) -> ResponseReturnValue:
    """Take one number from the contact."""
    found = _found(contact_id)
    write(contacts.remove_number, found.id, request.form.get("number", ""))
    return redirect(f"/contacts/{found.id}", 303)


@bp.post(f"/contacts/{ID}/merge")
@requires("agent")
def merge(contact_id: int) -> ResponseReturnValue:
    """Take over the contact that has the number written in the form."""
    found, by, number = _found(contact_id), viewer().id, request.form.get("other", "")

    def take_over(unit: Unit) -> int:
        other = directory.find(unit.conn, contacts.as_e164(number))
        if other is None:
            raise ContactError("not_found")
        kept = contacts.merge(unit, found.id, other.id)
        audit.record(unit, by, "contacts.merged", "contact", kept, str(other.id))
        return kept

    try:
        kept = write(take_over)
    except ContactError as error:
        said = field_errors(error)
        return _card(found, errors={"merge": next(iter(said.values()))}), 422
    return redirect(f"/contacts/{kept}", 303)


@bp.post(f"/contacts/{ID}/notes")
@requires("agent")
def add_note(contact_id: int) -> ResponseReturnValue:
    """Keep what the viewer wrote about the contact."""
    found = _found(contact_id)
    try:
        write(contact_notes.add_to_contact, found.id, viewer().id, request.form.get("text", ""))
    except BadNote as bad:
        return _card(found, bad_note=bad.code), 422
    return redirect(f"/contacts/{found.id}", 303)


@bp.get("/contacts.csv")
@requires("supervisor")
def as_csv() -> ResponseReturnValue:
    """All contacts as a file that `pult contacts import` takes back."""
    write(audit.record, viewer().id, "contacts.exported", "contacts")
    engine = db.engine
    db.session.remove()  # a slow download must not hold the request's connection
    headers = {"Content-Disposition": 'attachment; filename="contacts.csv"', "Cache-Control": "no-store"}
    return Response(_csv(engine), content_type="text/csv; charset=utf-8", headers=headers)


def _list(errors: dict[str, str] | None = None, taken_by: int | None = None) -> str:
    q, responsible = request.args.get("q", ""), request.args.get("responsible", "")
    below = _id(request.args.get("before", ""))
    rows = run_blocking(_page_of, db.engine, q, _id(responsible), below)
    return render_template(
        "contacts/list.html",
        contacts=rows[:PAGE],
        filters={"q": q, "responsible": responsible},
        people=[tuple(person) for person in ownership.enabled_people(reader())],
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
        is_first=below is None,
        errors=errors or {},
        taken_by=taken_by,
        typed=request.form,
        may_export=may("supervisor"),
    )


def _page_of(engine: Engine, q: str, responsible_id: int | None, before_id: int | None) -> list[ContactLine]:
    with engine.connect() as conn:
        narrowed = {"q": q, "responsible_id": responsible_id, "before_id": before_id}
        return directory.listed(conn, **narrowed, limit=PAGE + 1)  # type: ignore[arg-type]  # named one by one


def _card(
    found: Card, errors: dict[str, str] | None = None, taken_by: int | None = None, bad_note: str = ""
) -> str:
    conn = reader()
    people = [(person.id, person.name) for person in ownership.enabled_people(conn)]
    if found.responsible_id and not found.responsible_enabled:
        people.append((found.responsible_id, found.responsible))
    return render_template(
        "contacts/card.html",
        contact=found,
        numbers=found.numbers,
        rows=contact_calls.recent_calls(conn, [row.number for row in found.numbers], viewer().id),
        notes=contact_notes.of_contact(conn, found.id),
        people=people,
        intent=intents(),
        sees_all=may("supervisor"),
        errors=errors or {},
        taken_by=taken_by,
        bad_note=bad_note,
        typed=request.form,
    )


def _notice(errors: dict[str, str], contact_id: int | None) -> str:
    return render_template("contacts/_notice.html", errors=errors, contact_id=contact_id)


def _found(contact_id: int) -> Card:
    found = directory.card(reader(), contact_id)
    return found or abort(404)


def _person(raw: str) -> int | None:
    return None if raw == "" else _id(raw) or abort(400)


def _id(raw: str) -> int | None:
    return int(raw) if re.fullmatch(r"[0-9]{1,9}", raw) else None


def _csv(engine: Engine) -> Iterator[str]:
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(COLUMNS)
    for line in lines(engine):
        table.writerow(line)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()

"""The log of calls: filters, pages, one call."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.concurrency import run_blocking
from app.extensions import db
from app.services import recordings
from app.services.call_log import card, notes
from app.services.call_log.filters import Asked, BadFilter, parse
from app.services.call_log.listing import Listing, OurNumber, Place, read
from app.services.call_log.rows import Row
from app.services.call_log.sources import Key
from app.services.call_log.totals import Totals
from app.services.clock import now
from app.services.note_text import BadNote
from app.services.ownership import account_ids_of
from app.web import export
from app.web.context import reader, settings, write
from app.web.film import film
from app.web.filters import day, number, phone
from app.web.security import may, requires, viewer

bp = Blueprint("calls", __name__)
bp.register_blueprint(export.bp)


def scope() -> tuple[int, ...] | None:
    """The accounts whose calls the viewer may see; None for those who see all."""
    if may("supervisor"):
        return None
    return tuple(account_ids_of(reader(), viewer().id))


@bp.get("/calls")
@requires("agent")
def page() -> ResponseReturnValue:
    """The log: filters, rows by day, and the way to the next page."""
    zone, error = ZoneInfo(viewer().timezone), ""
    try:
        asked = parse(request.args, zone, now())
    except BadFilter as bad:
        asked, error = parse({}, zone, now()), _bad_filter(bad.code)
    place = Place(Key.parse(request.args.get("before", "")), Key.parse(request.args.get("after", "")))
    listing = run_blocking(read, db.engine, asked, scope(), place, settings().zone)
    return render_template("calls/page.html", error=error, **_shown(asked, listing)), 400 if error else 200


@bp.get("/calls/<int:call_id>")
@requires("agent")
def one(call_id: int) -> ResponseReturnValue:
    """The card of one call. The id of a call that a transfer joined to another leads there."""
    kept = visible(call_id)
    if kept != call_id:
        return redirect(f"/calls/{kept}", 301)
    return _card(call_id)


@bp.post("/calls/<int:call_id>/notes")
@requires("agent")
def add_note(call_id: int) -> ResponseReturnValue:
    """Keep what the viewer wrote about the call."""
    kept = visible(call_id)
    try:
        write(notes.add, kept, viewer().id, request.form.get("text", ""))
    except BadNote as bad:
        error = _("Write something first.") if bad.code == "empty" else _("The note is too long.")
        return _card(kept, error), 422
    return redirect(f"/calls/{kept}", 303)


def visible(call_id: int) -> int:
    """The id under which the call is kept; 404 when there is none, or it is not the viewer's to see."""
    kept = card.current_id(reader(), call_id)
    if kept is None or not card.may_see(reader(), kept, scope()):
        abort(404)
    return kept


def _card(call_id: int, error: str = "") -> str:
    conn = reader()
    call = card.call(conn, call_id)
    if call is None:
        abort(404)
    legs = card.legs(conn, call_id)
    return render_template(
        "calls/call.html",
        call=call,
        legs=legs,
        film=film(legs, now()),
        recordings=recordings.of_call(conn, call_id),
        notes=notes.of_call(conn, call_id),
        pushes=card.pushes(conn, call_id) if may("admin") else [],
        intent=_intent(call),
        error=error,
    )


def _intent(call: Row) -> str:
    """A fresh intent to dial the client, empty when the viewer has no phone to dial from."""
    has_phone = bool(account_ids_of(reader(), viewer().id))
    return str(uuid4()) if has_phone and call.number_kind == "e164" else ""


def _shown(asked: Asked, listing: Listing) -> dict[str, Any]:
    typed = {
        name: request.args.get(name, "") for name in ("q", "direction", "outcome", "user", "via", "recorded")
    }
    dates = {"from": asked.since.isoformat(), "to": asked.until.isoformat()}
    query = {name: value for name, value in request.args.items() if value and name in {*typed, *dates}}
    all_calls = may("supervisor")
    return {
        "groups": by_day(listing.rows, viewer().timezone),
        "filters": {**typed, **dates},
        "people": [(person.value, person.name) for person in listing.people],
        "numbers": [(did.number, _words(did)) for did in listing.numbers],
        "newer": _url("/calls", query, after=listing.newer) if listing.newer else "",
        "older": _url("/calls", query, before=listing.older) if listing.older else "",
        "first": _url("/calls", query),
        "csv_url": _url("/calls.csv", query) if all_calls else "",
        "xlsx_url": _url("/calls.xlsx", query) if all_calls else "",
        "summary": _summary(listing.totals),
        "mine": not all_calls,
    }


def by_day(rows: list[Row], zone: str) -> list[tuple[str, list[Row]]]:
    """Rows under the words of their day in `zone`, in their order."""
    return [(words, list(of_day)) for words, of_day in groupby(rows, lambda row: day(row.started_at, zone))]


def _url(path: str, query: Mapping[str, str], **place: Key | None) -> str:
    parameters = {**query, **{name: str(key) for name, key in place.items()}}
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _words(did: OurNumber) -> str:
    return f"{did.label} · {phone(did.number)}" if did.label else phone(did.number)


def _summary(totals: Totals) -> str:
    if totals.at_least:
        return str(_("more than %(count)s calls", count=number(totals.calls)))
    return str(ngettext("%(count)s call", "%(count)s calls", totals.calls, count=number(totals.calls)))


def _bad_filter(code: str) -> str:
    said = {
        "bad_date": _("A date is written as year-month-day, for example 2026-11-23."),
        "bad_order": _("The first day is after the last one."),
        "bad_direction": _("There is no such direction."),
        "bad_outcome": _("There is no such outcome."),
        "bad_recorded": _("Say yes or no about the recording."),
    }
    return str(said[code])

"""Dialling a number from the page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request
from flask.blueprints import BlueprintSetupState

from app.extensions import db
from app.pbx.client import PbxClient
from app.runtime import runtime
from app.services import connection, dialing
from app.services.dial_wish import Impossible, Wish, account_of, new_intent, parse_intent, parse_number
from app.services.dialing import Dial
from app.services.placing import place
from app.web.check_words import dial_reason
from app.web.context import reader, settings, write
from app.web.security import requires, viewer

bp = Blueprint("dial", __name__)
bp.add_app_template_filter(dial_reason)


@bp.record_once
def _knobs(state: BlueprintSetupState) -> None:
    """How long the page waits for the PBX, and how long the request may last, in seconds."""
    chosen = state.app.extensions["pult"].settings
    state.app.config.setdefault("DIAL_PATIENCE_S", chosen.dial_patience_seconds)
    state.app.config.setdefault("DIAL_TOTAL_S", chosen.dial_total_seconds)


@bp.post("/dial")
@requires("agent")
def dial() -> Response:
    """Dial once: the wish is committed, one request leaves, the page hears how it went."""
    try:
        intent = parse_intent(request.form.get("intent", ""))
        known = dialing.find(reader(), intent, viewer().id)
        return _show(known or _dial(intent))
    except Impossible as error:
        return _show(_nothing(error.code), status=422)


@bp.get("/dial/<uuid:intent>")
@requires("agent")
def state(intent: object) -> Response:
    """How a dial stands: a page that waits for the PBX's answer asks now and then."""
    found = dialing.find(reader(), str(intent), viewer().id)
    return _show(found, fresh=False) if found else abort(404)


def _dial(intent: str) -> Dial:
    wish, pbx = _wish(intent)
    begun = write(dialing.begin, wish)
    if begun.won:
        db.session.remove()  # waiting must not keep a connection from others
        settled = place(runtime().writer, pbx, begun.id, wish)
        settled.wait(current_app.config["DIAL_PATIENCE_S"])
    return dialing.read(reader(), begun.id)


def _wish(intent: str) -> tuple[Wish, PbxClient]:
    chosen = request.form.get("account", type=int)
    account = account_of(reader(), viewer().id, chosen)
    number = parse_number(request.form.get("phone", ""), account.telnum)
    pbx = connection.client(reader(), settings(), total=current_app.config["DIAL_TOTAL_S"])
    if pbx is None:
        raise Impossible("not_connected")
    return Wish(intent, viewer().id, account, number), pbx


def _nothing(code: str) -> Dial:
    """A dial that came to nothing before anything was written; its button keeps its place by the intent."""
    try:
        intent = parse_intent(request.form.get("intent", ""))
    except Impossible:
        intent = new_intent()
    return Dial(intent, viewer().id, request.form.get("phone", "").strip()[:64], "refused", code, None, "")


def _show(found: Dial, *, status: int = 200, fresh: bool = True) -> Response:
    """A fragment for htmx; a page, with a status of its own, for a form that was sent without it.

    The fragment is always 200: the page swaps in no errors, and this one it has to show.
    """
    next_intent = new_intent() if fresh else ""
    if request.headers.get("HX-Request") == "true":
        oob = "innerHTML:#dials" if fresh else "true"
        return make_response(
            render_template("desk/_dial_state.html", dial=found, next_intent=next_intent, oob=oob)
        )
    if found.state == "refused" and status == 200:
        status = 409
    return make_response(render_template("desk/dialled.html", dial=found, next_intent=next_intent), status)

"""PBX users, and which of our people each of them is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.extensions import db
from app.pbx.client import PbxError
from app.services import accounts, connection, invites, people
from app.services.accounts import NoSuchAccount, Synced
from app.services.connection import PBX_ID, ensure_pbx
from app.services.people import Refused
from app.services.writer import Unit
from app.web import words
from app.web.check_words import pbx_reason
from app.web.context import reader, settings, write
from app.web.security import requires, viewer

bp = Blueprint("admin_accounts", __name__, url_prefix="/admin/accounts")

WEEK = timedelta(days=7)


@bp.get("")
@requires("admin")
def page() -> ResponseReturnValue:
    """All PBX users: those nobody is mapped to first."""
    return _page()


@bp.post("/sync")
@requires("admin")
def sync() -> ResponseReturnValue:
    """Fetch the PBX's users (command accounts) and take them over."""
    pbx = connection.client(reader(), settings())
    if pbx is None:
        return _page(error=pbx_reason("not_connected")), 409
    db.session.remove()  # waiting must not keep a connection from others
    try:
        fetched = pbx.accounts()
    except PbxError as error:
        return _page(error=pbx_reason(error.code)), 502
    synced: Synced = write(lambda unit: accounts.sync(unit, ensure_pbx(unit), fetched))
    return _page(synced=synced)


@bp.post("/<int:account_id>")
@requires("admin")
def map_one(account_id: int) -> ResponseReturnValue:
    """Say who this PBX user is; an empty choice is nobody."""
    chosen = request.form.get("user_id", "")
    if chosen and not (chosen.isascii() and chosen.isdigit() and len(chosen) < 10):
        abort(400)
    try:
        write(accounts.map_account, viewer().id, account_id, int(chosen) if chosen else None)
    except NoSuchAccount:
        abort(404)
    return redirect("/admin/accounts", 303)


@bp.post("/accept")
@requires("admin")
def accept_all() -> ResponseReturnValue:
    """Map all PBX users for whom one person was suggested."""
    write(accounts.accept_suggestions, viewer().id, PBX_ID)
    return redirect("/admin/accounts", 303)


@bp.post("/<int:account_id>/person")
@requires("admin")
def make_person(account_id: int) -> ResponseReturnValue:
    """Make a person of this PBX user, map them, and show the link with which they choose a password."""
    try:
        email = request.form.get("email", "")
        name, token = write(_make_person, viewer().id, account_id, email)
    except NoSuchAccount:
        abort(404)
    except Refused as refused:
        said = next(iter(words.field_errors(refused).values()))
        return _page(refused=account_id, reason=said), 422
    return _page(link=f"{settings().local_url}/invite/{token}", linked=name)


def _make_person(unit: Unit, by: int, account_id: int, email: str) -> tuple[str, str]:
    account = accounts.find(unit.conn, account_id)
    name = account.real_name or account.login
    user_id = people.add(unit, by, email=email or account.email, name=name, role="agent")
    accounts.map_account(unit, by, account_id, user_id)
    return name, invites.invite(unit, by, user_id)


def _page(synced: Synced | None = None, **more: Any) -> str:
    week_ago = (datetime.now(settings().zone) - WEEK).date().isoformat()
    rows = accounts.every(reader(), PBX_ID)
    return render_template(
        "admin/accounts.html",
        rows=rows,
        suggested=[row for row in rows if row.state == "unmapped" and row.suggested_id],
        calls=accounts.calls_since(reader(), week_ago),
        people=accounts.choices(reader()),
        synced_at=accounts.fetched_at(reader(), PBX_ID),
        message=_synced(synced) if synced else "",
        **more,
    )


def _synced(synced: Synced) -> str:
    return str(
        _(
            "Fetched: %(listed)s users, %(added)s new, %(gone)s gone.",
            listed=synced.listed,
            added=synced.added,
            gone=synced.gone,
        )
    )

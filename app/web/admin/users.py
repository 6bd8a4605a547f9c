"""People who may log in: added, changed, disabled, invited."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.models import ROLES
from app.services import invites, people
from app.services.people import Refused
from app.services.writer import Unit
from app.web import words
from app.web.context import reader, settings, write
from app.web.security import requires, viewer

bp = Blueprint("admin_users", __name__, url_prefix="/admin/users")


@bp.get("")
@requires("admin")
def people_page() -> ResponseReturnValue:
    """Everybody, with their role and whether they may log in."""
    return _page()


@bp.post("")
@requires("admin")
def add() -> ResponseReturnValue:
    """Add a person; the page shows the link with which they choose a password."""
    try:
        user_id, token = write(_add_invited, viewer().id, **_form("email", "name", "role"))
    except Refused as refused:
        return _page(errors=words.field_errors(refused), form=request.form), 422
    return _page(link=_link(token), linked=user_id)


@bp.post("/<int:user_id>")
@requires("admin")
def change(user_id: int) -> ResponseReturnValue:
    """Rename a person or give them another role."""
    try:
        write(people.change, viewer().id, user_id, **_form("name", "role"))
    except Refused as refused:
        return _refuse(refused, user_id)
    return redirect("/admin/users", 303)


@bp.post("/<int:user_id>/enabled")
@requires("admin")
def enable(user_id: int) -> ResponseReturnValue:
    """Lock a person out at once, or let them in again."""
    try:
        write(people.enable, viewer().id, user_id, enabled=request.form.get("enabled") == "1")
    except Refused as refused:
        return _refuse(refused, user_id)
    return redirect("/admin/users", 303)


@bp.post("/<int:user_id>/invite")
@requires("admin")
def invite(user_id: int) -> ResponseReturnValue:
    """Show a one-time link with which the person chooses a new password."""
    try:
        token = write(invites.invite, viewer().id, user_id)
    except Refused as refused:
        return _refuse(refused, user_id)
    return _page(link=_link(token), linked=user_id)


def _add_invited(unit: Unit, by: int, email: str, name: str, role: str) -> tuple[int, str]:
    user_id = people.add(unit, by, email=email, name=name, role=role)
    return user_id, invites.invite(unit, by, user_id)


def _form(*names: str) -> dict[str, str]:
    return {name: request.form.get(name, "") for name in names}


def _link(token: str) -> str:
    return f"{settings().local_url}/invite/{token}"


def _refuse(refused: Refused, user_id: int) -> ResponseReturnValue:
    """The list again, with the reason beside the person it is about."""
    if refused.code == "unknown" and people.find(reader(), user_id) is None:
        abort(404)
    said = next(iter(words.field_errors(refused).values()))
    return _page(refused=user_id, reason=said), 409 if refused.code == "last_admin" else 422


def _page(**more: Any) -> str:
    given = {"errors": {}, "form": {}, **more}
    return render_template("admin/users.html", people=people.everyone(reader()), roles=ROLES, **given)

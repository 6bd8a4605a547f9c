"""Our own numbers: their names, teams and screen pops."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.services import numbers
from app.services.numbers import NoSuchNumber
from app.web.context import reader, settings, write
from app.web.security import requires

bp = Blueprint("admin_numbers", __name__, url_prefix="/admin/numbers")

WEEK = timedelta(days=7)


@bp.get("")
@requires("admin")
def page() -> ResponseReturnValue:
    """Every number that a call came to."""
    week_ago = (datetime.now(settings().zone) - WEEK).date().isoformat()
    rows = numbers.every(reader(), week_ago)
    return render_template("admin/numbers.html", numbers=rows, teams=numbers.teams(reader()))


@bp.post("/<int:did_id>")
@requires("admin")
def save(did_id: int) -> ResponseReturnValue:
    """Name a number, give it to a team, say whether its calls pop up."""
    label, team = request.form.get("label", ""), request.form.get("team", "")
    try:
        write(numbers.save, did_id, label=label, team=team, pops=request.form.get("pops") == "1")
    except NoSuchNumber:
        abort(404)
    return redirect("/admin/numbers", 303)

"""Who did what: log-ins, changes of people and settings, exports, recordings heard."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.services import audit
from app.web.context import reader
from app.web.security import requires

bp = Blueprint("admin_audit", __name__, url_prefix="/admin/audit")

ROW_ID = re.compile("[0-9]{1,18}")


@bp.get("")
@requires("admin")
def deeds() -> ResponseReturnValue:
    """The latest deeds, a page at a time."""
    before, action = request.args.get("before", ""), request.args.get("action", "")
    key = int(before) if ROW_ID.fullmatch(before) else None
    found = audit.page(reader(), key, action)
    older = found[audit.PAGE - 1].id if len(found) > audit.PAGE else None
    return render_template("admin/audit.html", deeds=found[: audit.PAGE], older=older, action=action)

"""The agent's desk: who calls me now, my calls today."""

from __future__ import annotations

import uuid

from flask import Blueprint, render_template

from app.live import desk as regions
from app.live.regions import pop_values
from app.services import connection, debts, directory, live_calls, ownership, wallboard
from app.web.context import reader, settings
from app.web.security import requires, viewer

bp = Blueprint("desk", __name__)


@bp.get("/desk")
@requires("agent")
def page() -> str:
    """My calls now and today, the box to dial, and the clients who wait for me."""
    conn, me = reader(), viewer()
    calls = live_calls.of_user(conn, me.id)
    pops = [values for call in reversed(calls) if (values := pop_values(conn, call, me.id))]
    return render_template(
        "desk/page.html",
        pops=pops,
        today=regions.today(conn, me.id, me.timezone),
        dial={"intent": str(uuid.uuid4())},
        assigned=directory.waiting_for(conn, me.id),
        colleagues=[person for person in wallboard.people(conn) if person.id != me.id],
        connected=connection.is_configured(conn, settings()),
        can_dial=bool(ownership.account_ids_of(conn, me.id)),
    )

"""The agent's desk: who calls me now, my calls today."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template

from app.live import desk as regions
from app.live.regions import pop_values
from app.services import connection, directory, live_calls, ownership, wallboard
from app.services.directory import Waiting
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
        assigned=_with_intents(directory.waiting_for(conn, me.id)),
        colleagues=[person for person in wallboard.people(conn) if person.id != me.id],
        connected=connection.read(conn, settings()).source != "none",
        can_dial=bool(ownership.account_ids_of(conn, me.id)),
    )


def _with_intents(waiting: Sequence[Waiting]) -> list[dict[str, Any]]:
    """Each client who waits gets a dial of its own: a repeat of it dials once."""
    return [{**row._asdict(), "intent": str(uuid.uuid4())} for row in waiting]

"""The agent's desk: who calls me now, my calls today."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import Connection

from app.live import desk as regions
from app.live.sight import pop_values
from app.services import connection, directory, live_calls, ownership, wallboard
from app.services.directory import Waiting
from app.web.context import reader, settings
from app.web.security import requires, viewer

bp = Blueprint("desk", __name__)

ON_THE_PHONE = ("talking", "ringing", "free")


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
        **_around(conn, me.id),
        connected=connection.read(conn, settings()).source != "none",
        can_dial=bool(ownership.account_ids_of(conn, me.id)),
    )


@bp.get("/desk/around")
@requires("agent")
def around() -> str:
    """The clients who wait for me and my colleagues, as they are by now."""
    return render_template("desk/_around.html", **_around(reader(), viewer().id))


def _around(conn: Connection, user_id: int) -> dict[str, Any]:
    """What stands beside my calls: clients given to me, and colleagues, those on the phone first."""
    others = [person for person in wallboard.people(conn) if person.id != user_id]
    others.sort(key=lambda person: ON_THE_PHONE.index(person.state))
    return {"assigned": _with_intents(directory.waiting_for(conn, user_id)), "colleagues": others}


def _with_intents(waiting: Sequence[Waiting]) -> list[dict[str, Any]]:
    """Each client who waits gets a dial of its own: a repeat of it dials once."""
    return [{**row._asdict(), "intent": str(uuid.uuid4())} for row in waiting]

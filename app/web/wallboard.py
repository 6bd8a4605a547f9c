"""All calls now, for supervisors."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.live import chart
from app.live.board import CALLS_SHOWN
from app.services import live_calls, wallboard
from app.services.clock import now
from app.web.context import reader, settings
from app.web.security import requires

bp = Blueprint("wallboard", __name__)


@bp.get("/wallboard")
@requires("supervisor")
def page() -> str:
    """Who waits, who talks, who is free, and today's figures; the live line keeps them true."""
    conn = reader()
    people = wallboard.people(conn)
    counts = wallboard.counts(conn, people, settings().zone, now())
    hours = chart.columns(wallboard.hours(conn, settings().zone, now()))
    calls = live_calls.now(conn, CALLS_SHOWN)
    more = max(0, counts.waiting + counts.talking - len(calls))
    return render_template(
        "wallboard/page.html", counts=counts, people=people, columns=hours, calls=calls, more=more
    )

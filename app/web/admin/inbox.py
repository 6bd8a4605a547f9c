"""The inbox: every push as it came, less the key."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.concurrency import run_blocking
from app.extensions import db
from app.services import inbox
from app.web.security import requires

bp = Blueprint("admin_inbox", __name__, url_prefix="/admin/inbox")

LARGEST_ID = 2**63 - 1


class Shown(NamedTuple):
    """All that the page reads from the database."""

    page: inbox.Page
    chosen: inbox.PushCard | None
    troubles: dict[str, int]
    refusals: list[inbox.RefusalRow]


@bp.get("")
@requires("admin")
def page() -> ResponseReturnValue:
    """Pushes by filter and page, one of them opened; wrong keys beside them."""
    filters = {name: request.args.get(name, "").strip() for name in ("state", "cmd", "q")}
    before, after, chosen_id = _id("before"), _id("after"), _id("id")
    shown = run_blocking(_read, filters, before, after, chosen_id)
    if chosen_id is not None and shown.chosen is None:
        abort(404)

    def link(**more: Any) -> str:
        kept = {name: value for name, value in {**filters, **more}.items() if value}
        return url_for("admin_inbox.page", **kept)

    return render_template(
        "admin/inbox.html",
        filters=filters,
        commands=inbox.COMMANDS,
        pushes=shown.page.rows,
        newer=link(after=shown.page.newer) if shown.page.newer else "",
        older=link(before=shown.page.older) if shown.page.older else "",
        chosen=shown.chosen,
        troubles=shown.troubles,
        refusals=shown.refusals,
        link=link,
        here={"before": before, "after": after},
    )


def _id(name: str) -> int | None:
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number <= LARGEST_ID else None


def _read(filters: dict[str, str], before: int | None, after: int | None, chosen: int | None) -> Shown:
    """Searching may take a while in a long inbox: a connection of its own, outside the loop."""
    with db.engine.connect() as conn:
        return Shown(
            inbox.page(conn, **filters, before=before, after=after),
            inbox.card(conn, chosen) if chosen is not None else None,
            dict(inbox.troubles(conn)),
            inbox.refusals(conn),
        )

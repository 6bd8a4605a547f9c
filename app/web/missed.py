"""Missed calls that wait for a call back."""

from __future__ import annotations

from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Engine

from app.concurrency import run_blocking
from app.extensions import db
from app.services import debt_care, debts
from app.services.clock import now
from app.services.debt_care import Now, Taken, TakenByAnother
from app.services.debts import Debt
from app.services.desk import midnight
from app.web.context import reader, write
from app.web.intents import intents
from app.web.security import may, requires, viewer

bp = Blueprint("missed", __name__)

ID = "<int(max=2147483647):phone_id>"
LATE_MS = 15 * 60_000


class Waiting(NamedTuple):
    """A debt as the page shows it: who was rung, who has taken it, which call goes on now."""

    debt: Debt
    rung: list[str]
    taken: Taken | None
    call: Now | None
    late: bool
    intent: str


@bp.get("/missed")
@requires("agent")
def page() -> ResponseReturnValue:
    """Everybody who waits for a call, the longest first."""
    return _page()


@bp.get("/missed/count")
@requires("agent", page=False)
def count() -> str:
    """How many wait, for the mark in the menu; nothing when nobody does."""
    waiting = run_blocking(_count, db.engine, None if may("supervisor") else viewer().id)
    return str(waiting or "")


def _count(engine: Engine, user_id: int | None) -> int:
    with engine.connect() as conn:
        return debts.count_for(conn, user_id, now())


@bp.post(f"/missed/{ID}/take")
@requires("agent")
def take(phone_id: int) -> ResponseReturnValue:
    """I do it: the others see that somebody calls this client back."""
    try:
        write(debt_care.take, viewer().id, _debt(phone_id))
    except TakenByAnother as taken:
        return _page(error=_("%(name)s has taken this one already.", name=taken.name)), 409
    return _back()


@bp.post(f"/missed/{ID}/release")
@requires("agent")
def release(phone_id: int) -> ResponseReturnValue:
    """Let go of what I took."""
    write(debt_care.release, viewer().id, _debt(phone_id))
    return _back()


@bp.post(f"/missed/{ID}/done")
@requires("agent")
def done(phone_id: int) -> ResponseReturnValue:
    """The client need not be called any more."""
    write(debt_care.done, viewer().id, _debt(phone_id))
    return _back()


def _page(error: str = "") -> str:
    at = now()
    seen, waiting = run_blocking(_seen, db.engine, _scope(), at)
    takers = debt_care.takers(reader(), [debt.number for debt in seen])
    mine = [debt for debt in seen if _is_mine(debt, takers.get(debt.number))]
    whose = "mine" if request.values.get("whose") == "mine" else "all"
    return render_template(
        "missed/page.html",
        rows=_rows(mine if whose == "mine" else seen, takers, at),
        counts={"waiting": waiting, **_times(seen, at)},
        tabs=[("all", _("All"), waiting), ("mine", _("Mine"), len(mine))],
        whose=whose,
        error=error,
    )


def _rows(shown: list[Debt], takers: dict[str, Taken], at: int) -> list[Waiting]:
    rung = debt_care.rung(reader(), [debt.call_id for debt in shown])
    going_on = debt_care.going_on(reader(), [debt.phone_id for debt in shown])
    intent = intents()
    return [
        Waiting(
            debt,
            rung.get(debt.call_id, []),
            takers.get(debt.number),
            going_on.get(debt.phone_id),
            at - debt.first_at > LATE_MS,
            intent(),
        )
        for debt in shown
    ]


def _seen(engine: Engine, scope: int | None, at: int) -> tuple[list[Debt], int]:
    """The debts that have waited longest, and how many there are in all."""
    with engine.connect() as conn:
        seen = debts.open_for(conn, scope, at)
        return seen, len(seen) if len(seen) < debts.SHOWN else debts.count_for(conn, scope, at)


def _times(seen: list[Debt], at: int) -> dict[str, Any]:
    """The longest wait, and the day's call-backs, which are the whole company's."""
    waits = debt_care.waits_today(reader(), midnight(at, ZoneInfo(viewer().timezone)))
    return {
        "longest_s": (at - min(debt.first_at for debt in seen)) // 1000 if seen else None,
        "closed_today": len(waits),
        "usual_s": int(median(waits)) if waits else None,
    }


def _is_mine(debt: Debt, taken: Taken | None) -> bool:
    return viewer().id == (taken.user_id if taken else debt.responsible_id)


def _scope() -> int | None:
    """Supervisors see all debts, agents those that concern them."""
    return None if may("supervisor") else viewer().id


def _debt(phone_id: int) -> Debt:
    return debts.find(reader(), _scope(), phone_id, now()) or abort(404)


def _back() -> ResponseReturnValue:
    return redirect("/missed?whose=mine" if request.form.get("whose") == "mine" else "/missed", 303)

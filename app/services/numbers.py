"""Our own numbers (the PBX's `diversion`): their names, teams, and whether their calls pop up."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from app.models import CallDate, Did, Team
from app.services.changes import Change
from app.services.upsert import insert_for
from app.services.writer import Unit


class NoSuchNumber(LookupError):
    """There is no number of ours with this id."""


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One of our numbers; `calls` since the day asked for."""

    id: int
    number: str
    label: str
    team: str
    pops: bool
    calls: int


def every(conn: Connection, since_day: str) -> list[NumberRow]:
    """All numbers that calls came to, the busiest first. `since_day`: `2026-10-03`, the company's clock."""
    counts = (
        select(CallDate.did_id, func.sum(CallDate.calls).label("calls"))
        .where(CallDate.day >= since_day)
        .group_by(CallDate.did_id)
        .subquery()
    )
    calls = func.coalesce(counts.c.calls, 0)
    query = (
        select(Did.id, Did.number, Did.label, Team.name, Did.pops, calls)
        .outerjoin(Team, Team.id == Did.team_id)
        .outerjoin(counts, counts.c.did_id == Did.id)
        .order_by(calls.desc(), Did.number)
    )
    return [
        NumberRow(did_id, number, label, team or "", pops, int(count))
        for did_id, number, label, team, pops, count in conn.execute(query)
    ]


def teams(conn: Connection) -> list[str]:
    """The names of all teams."""
    return list(conn.scalars(select(Team.name).order_by(Team.name)))


def save(unit: Unit, did_id: int, *, label: str, team: str, pops: bool) -> None:
    """Name a number, give it to a team (made when it is new), say whether its calls pop up."""
    values = {"label": label.strip()[:100], "team_id": _team(unit, team.strip()[:100]), "pops": pops}
    if unit.conn.execute(update(Did).where(Did.id == did_id).values(**values)).rowcount == 0:
        raise NoSuchNumber(did_id)
    unit.changes.append(Change("settings", 0))


def _team(unit: Unit, name: str) -> int | None:
    if not name:
        return None
    unit.conn.execute(insert_for(unit.conn, Team).values(name=name).on_conflict_do_nothing())
    return unit.conn.scalar(select(Team.id).where(Team.name == name))

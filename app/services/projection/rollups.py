"""The counts of calls: what one call adds to each, and moving from what it added before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, case, delete, update

from app.models import LIVE, Base, CallDate, CallDay, CallFacet, CallHour, CallMonth, Phone
from app.models.base import table_of
from app.models.rollup import NONE
from app.services.prepared import Prepared
from app.services.upsert import add_up, upsert
from app.services.writer import Unit

_PHONE = table_of(Phone)
_LAST = _PHONE.c.last_call_at
_COUNTED = Prepared(
    update(_PHONE)
    .where(_PHONE.c.id == bindparam("phone_id"))
    .values(
        calls=_PHONE.c.calls + bindparam("step"),
        last_call_at=case(
            (_PHONE.c.last_call_at < bindparam("at"), bindparam("at")), else_=_PHONE.c.last_call_at
        ),
    )
)
Cell = tuple[type[Base], tuple[tuple[str, Any], ...]]
Row = Mapping[str, Any]


def cells(call: Row | None, legs: Mapping[int, Row], zone: ZoneInfo) -> dict[Cell, tuple[int, int, int]]:
    """What a call adds: (calls, talk seconds, ring seconds) by cell.

    Nothing while it lives, nor while its history may still come: it would be moved at once.
    """
    if call is None or call["outcome"] in LIVE or call["due_at"] is not None:
        return {}
    local = datetime.fromtimestamp(call["started_at"] / 1000, UTC).astimezone(zone)
    hour, day, month = local.strftime("%Y-%m-%dT%H"), local.strftime("%Y-%m-%d"), local.strftime("%Y-%m")
    kind = (("direction", call["direction"]), ("outcome", call["outcome"]))
    did = ("did_id", call["did_id"] or NONE)
    amount = (1, call["duration_s"], call["wait_s"] or 0)
    found: dict[Cell, tuple[int, int, int]] = {
        (CallHour, (("hour", hour), did, *kind)): amount,
        (CallDate, (did, ("day", day), *kind)): amount,
    }
    for account_id, leg in legs.items():
        person = ("account_id", account_id)
        share = (1, leg["duration_s"], leg["wait_s"] or 0)
        found[(CallDay, (("day", day), person, *kind))] = share
        found[(CallMonth, (("month", month), person, *kind))] = share
    return found


def move(
    unit: Unit, old: Mapping[Cell, tuple[int, int, int]], new: Mapping[Cell, tuple[int, int, int]]
) -> None:
    """Take what the call added before out of the counts, and put in what it adds now."""
    # Always in the same order of cells: two processes that lock rows crosswise would block each other.
    for cell in sorted(old.keys() | new.keys(), key=lambda cell: (cell[0].__tablename__, cell[1])):
        before, after = old.get(cell, (0, 0, 0)), new.get(cell, (0, 0, 0))
        if before != after:
            _add(unit, cell, tuple(a - b for a, b in zip(after, before, strict=True)))


def _add(unit: Unit, cell: Cell, amount: tuple[int, ...]) -> None:
    model, pairs = cell
    key = dict(pairs)
    calls, duration_s, wait_s = amount
    add_up(unit.conn, model, key, {"calls": calls, "duration_s": duration_s, "wait_s": wait_s})
    if calls < 0:  # a row of nothing would tell a rebuild from what it rebuilds
        table: Any = model
        where = [getattr(table, name) == value for name, value in key.items()]
        unit.conn.execute(delete(model).where(*where, table.calls == 0))


def count_phone(unit: Unit, old: Row | None, new: Row) -> None:
    """Keep each number's count of calls and its last call."""
    before, after, at = (old or {}).get("phone_id"), new["phone_id"], new["started_at"]
    if before is not None and before != after:
        _COUNTED.run(unit.conn, {"phone_id": before, "step": -1, "at": 0})
    if after is not None and (old is None or before != after or old["started_at"] != at):
        step = 0 if before == after else 1
        _COUNTED.run(unit.conn, {"phone_id": after, "step": step, "at": at})


def note_facet(unit: Unit, call: Row) -> None:
    """Remember that this mix of number, direction, outcome and recorded exists."""
    facet = {
        "did_id": call["did_id"] or NONE,
        "direction": call["direction"],
        "outcome": call["outcome"],
        "recorded": bool(call["recorded"]),
    }
    key = ("facet", *facet.values())
    if key not in unit.cache:
        upsert(unit.conn, CallFacet, facet, {})
        unit.cache[key] = True


def forget_phone(unit: Unit, call: Row) -> None:
    """Take a call that is merged away out of its number's count."""
    if call["phone_id"] is not None:
        _COUNTED.run(unit.conn, {"phone_id": call["phone_id"], "step": -1, "at": 0})

"""Projecting every call again from the inbox: after an upgrade of the rules, or when in doubt.

Works in small transactions beside a running server and may be stopped between any two of them. A call whose
trail retention has removed stays as it is; nothing that follows a call (a contact, a debt, a dial) is
repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, exists, func, select

from app.models import CallKey, Push
from app.services.projection import keys, memory
from app.services.projection.refresh import refresh
from app.services.tracking import Limits
from app.services.writer import Unit

CALLS_AT_ONCE = 100

_WITH_TRAIL = exists().where(Push.call_key_id == CallKey.id)
_NEXT = (
    select(CallKey.call_id)
    .where(CallKey.call_id > bindparam("after"), _WITH_TRAIL)
    .group_by(CallKey.call_id)
    .order_by(CallKey.call_id)
    .limit(CALLS_AT_ONCE)
)


class Projected(NamedTuple):
    """What one batch did: how many calls it looked at, and how many of them had to be changed."""

    calls: int
    changed: int


def count_calls(conn: Connection) -> int:
    """How many calls have a trail to be projected from."""
    query = select(func.count(CallKey.call_id.distinct())).where(_WITH_TRAIL)
    return int(conn.execute(query).scalar_one())


def next_calls(conn: Connection, after: int) -> Sequence[int]:
    """The ids of the next calls that have a trail, empty at the end."""
    return conn.execute(_NEXT, {"after": after}).scalars().all()


def project_calls(unit: Unit, call_ids: Sequence[int], limits: Limits) -> Projected:
    """Project these calls again, without any reaction."""
    memory.forget_all(unit)
    query = select(CallKey.callid).where(CallKey.call_id.in_(call_ids)).order_by(CallKey.callid)
    for callid in unit.conn.execute(query).scalars():
        keys.lock(unit, callid)
    there = select(CallKey.call_id).where(CallKey.call_id.in_(call_ids)).distinct()
    found = sorted(unit.conn.execute(there).scalars())  # a transfer may have merged one away meanwhile
    return Projected(len(found), sum(refresh(unit, call_id, limits, react=False) for call_id in found))

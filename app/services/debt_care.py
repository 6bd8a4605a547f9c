"""Who takes care of a debt: somebody takes it, lets it go, or says it is done.

A taken debt is a promise to call that number back; a kept promise settles the missed calls before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from app.models import LIVE, Call, Leg, PbxAccount, Promise, User
from app.services.changes import Change
from app.services.debts import MISSED, Debt
from app.services.writer import Unit

# Within which time somebody who takes a debt is expected to call.
TAKEN_FOR_MS = 30 * 60_000


class Taken(NamedTuple):
    """Who has taken a debt, and when."""

    user_id: int
    name: str
    at: int


class Now(NamedTuple):
    """A call with the number that goes on at this moment; `person` is empty while it only rings."""

    call_id: int
    direction: str
    outcome: str
    started_at: int
    person: str


class TakenByAnother(Exception):
    """Somebody else has taken this debt already: `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def take(unit: Unit, user_id: int, debt: Debt) -> None:
    """Promise to call back. Raises TakenByAnother."""
    holder = takers(unit.conn, [debt.number]).get(debt.number)
    if holder is not None and holder.user_id != user_id:
        raise TakenByAnother(holder.name)
    if holder is None:
        _promise(unit, user_id, debt, kept_at=None)
    unit.changes.append(Change("debt", debt.phone_id))


def release(unit: Unit, user_id: int, debt: Debt) -> None:
    """Take the own promise back; there is nothing to do when there is none."""
    own = (Promise.user_id == user_id, Promise.number == debt.number, Promise.kept_at.is_(None))
    unit.conn.execute(delete(Promise).where(*own))
    unit.changes.append(Change("debt", debt.phone_id))


def done(unit: Unit, user_id: int, debt: Debt) -> None:
    """Settle a debt by word: the client was reached in another way, or need not be."""
    waiting = (Promise.number == debt.number, Promise.kept_at.is_(None))
    unit.conn.execute(update(Promise).where(*waiting).values(kept_at=unit.now))
    _promise(unit, user_id, debt, kept_at=unit.now)
    unit.changes.append(Change("debt", debt.phone_id))


def takers(conn: Connection, numbers: Iterable[str]) -> dict[str, Taken]:
    """Who has taken which of these numbers."""
    query = (
        select(Promise.number, Promise.user_id, User.name, Promise.created_at)
        .join(User, User.id == Promise.user_id)
        .where(Promise.number.in_(list(numbers)), Promise.kept_at.is_(None))
        .order_by(Promise.created_at.desc())
    )
    return {row.number: Taken(row.user_id, row.name, row.created_at) for row in conn.execute(query)}


def rung(conn: Connection, call_ids: Iterable[int]) -> dict[int, list[str]]:
    """Names of those whose phones rang, by call."""
    names: dict[int, list[str]] = defaultdict(list)
    query = (
        select(Leg.call_id, User.name, PbxAccount.real_name, PbxAccount.login)
        .join(PbxAccount, PbxAccount.id == Leg.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(Leg.call_id.in_(list(call_ids)))
        .order_by(Leg.call_id, Leg.rang_at, Leg.account_id)
    )
    for call_id, *known in conn.execute(query):
        names[call_id].append(next(filter(None, known)))
    return names


def going_on(conn: Connection, phone_ids: Iterable[int]) -> dict[int, Now]:
    """Calls with these numbers that ring or talk now, by number."""
    query = (
        select(Call.phone_id, Call.id, Call.direction, Call.outcome, Call.started_at)
        .add_columns(User.name, PbxAccount.real_name, PbxAccount.login)
        .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(Call.outcome.in_(LIVE), Call.phone_id.in_(list(phone_ids)))
        .order_by(Call.started_at)
    )
    return {
        phone_id: Now(call_id, direction, outcome, started_at, name or real_name or login or "")
        for phone_id, call_id, direction, outcome, started_at, name, real_name, login in conn.execute(query)
    }


def waits_today(conn: Connection, since_at: int) -> list[int]:
    """Seconds from each missed call since `since_at` (epoch ms) to the talk that settled it, in order."""
    query = select(Call.callback_s).where(MISSED, Call.started_at >= since_at, Call.callback_s.is_not(None))
    return sorted(seconds for seconds in conn.execute(query).scalars() if seconds is not None)


def _promise(unit: Unit, user_id: int, debt: Debt, kept_at: int | None) -> None:
    row = {
        "user_id": user_id,
        "number": debt.number,
        "call_id": debt.call_id,
        "due_at": unit.now + TAKEN_FOR_MS,
        "kept_at": kept_at,
        "created_at": unit.now,
    }
    unit.conn.execute(insert(Promise).values(row))

"""Making a call's rows what its trail says, now."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, bindparam, select

from app.models import LIVE, Call, Reaction
from app.services import dialing
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.projection import memory, rollups, rows, trails
from app.services.projection.memory import Known
from app.services.tracking import CallState, Limits, project
from app.services.tracking import Push as TrailPush
from app.services.upsert import insert_as
from app.services.writer import Unit

REACTION_DELAY_MS = 20_000
REAP_AT_ONCE = 10  # a push that comes meanwhile waits for them

_DUE = select(Call.id).where(Call.due_at <= bindparam("now")).order_by(Call.due_at).limit(REAP_AT_ONCE)
# What another process is writing at this moment is looked at by that process.
_DUE_AND_FREE = _DUE.with_for_update(skip_locked=True)


def create(unit: Unit, pbx_id: int, callid: str, push: TrailPush, limits: Limits) -> int:
    """The call that this push begins; returns its id. Raises what tracking raises."""
    state = project([push], unit.now, limits)
    row = rows.call_row(unit, pbx_id, state)
    call_id = rows.insert_call(unit, row, callid)
    legs = rows.leg_rows(unit, pbx_id, call_id, row, state)
    rows.save_legs(unit, call_id, {}, legs)
    _save_around(unit, call_id, None, Known(row, legs, [push]), state, limits)
    _plan(unit, call_id, None, row, state)
    unit.changes.append(Change("call", call_id))
    return call_id


def refresh(
    unit: Unit, call_id: int, limits: Limits, *, push: TrailPush | None = None, react: bool = True
) -> bool:
    """Project the call's trail again and write what differs; True when anything did.

    `push` is what has just been appended to the trail. A call whose trail retention has removed is left
    as it is.
    """
    old = _known(unit, call_id, push)
    if not old.trail:
        return False
    pbx_id = old.row["pbx_id"]
    state = project(old.trail, unit.now, limits)
    row = rows.call_row(unit, pbx_id, state)
    legs = rows.leg_rows(unit, pbx_id, call_id, row, state)
    changed = rows.save_call(unit, call_id, old.row, row)
    changed |= rows.save_legs(unit, call_id, old.legs, legs)
    _save_around(unit, call_id, old, Known({**old.row, **row}, legs, old.trail), state, limits)
    if react:
        _plan(unit, call_id, old.row, row, state)
    if changed:
        unit.changes.append(Change("call", call_id))
    return changed


def _known(unit: Unit, call_id: int, push: TrailPush | None) -> Known:
    """The call before this push, and its trail with it: from memory where that is sure, else read."""
    known = memory.recall(unit, call_id)
    if known is None:
        row = rows.stored_call(unit, call_id)  # first: it waits for whoever writes this call just now
        return Known(row, rows.stored_legs(unit, call_id), trails.read(unit, call_id))
    return Known(known.row, known.legs, [*known.trail, push]) if push else known


def _save_around(
    unit: Unit, call_id: int, old: Known | None, new: Known, state: CallState, limits: Limits
) -> None:
    """Everything that hangs on the call's row: recordings, counts, what the writer remembers."""
    rows.add_recordings(unit, new.row["pbx_id"], call_id, state)
    before = rollups.cells(old.row, old.legs, limits.zone) if old else {}
    rollups.move(unit, before, rollups.cells(new.row, new.legs, limits.zone))
    rollups.count_phone(unit, old.row if old else None, new.row)
    rollups.note_facet(unit, new.row)
    memory.remember(unit, call_id, new)


def _plan(unit: Unit, call_id: int, old: rows.Row | None, new: rows.Row, state: CallState) -> None:
    """What the call's new state sets off outside of it: a dial that it answers, a reaction to come."""
    _match_dial(unit, call_id, old, new, state)
    was, is_now = old["outcome"] if old else "ringing", new["outcome"]
    # A call that only rang and now talks has had nothing planned yet.
    if was != is_now and not (was in LIVE and is_now in LIVE):
        _plan_reaction(unit, call_id, is_now)


def _match_dial(unit: Unit, call_id: int, old: rows.Row | None, new: rows.Row, state: CallState) -> None:
    """An outgoing call may be the one that somebody has just dialled from their page."""
    known = old is not None and all(
        old[name] == new[name] for name in ("direction", "account_id", "phone_id")
    )
    if new["direction"] == "out" and new["account_id"] is not None and not known:
        dialing.match(unit, call_id, new["account_id"], state.phone.value, new["started_at"])


def _plan_reaction(unit: Unit, call_id: int, outcome: str) -> None:
    """Reactions wait until the outcome has stood: sequential groups pause between legs."""
    due_at = None if outcome in LIVE else unit.now + REACTION_DELAY_MS
    # A missed call that turns out answered is looked at again: whoever talked becomes responsible.
    statement = _planned(unit.conn.dialect.name, again=outcome == "answered")
    statement.run(unit.conn, {"call_id": call_id, "due_at": due_at})


@cache
def _planned(dialect: str, *, again: bool) -> Prepared:
    statement = insert_as(dialect, Reaction).values(call_id=bindparam("call_id"), due_at=bindparam("due_at"))
    unless_done = None if again else Reaction.done_at.is_(None)
    changed = {"due_at": statement.excluded.due_at}
    return Prepared(
        statement.on_conflict_do_update(index_elements=["call_id"], set_=changed, where=unless_done)
    )


def anything_due(conn: Connection, now: int) -> bool:
    """Whether time alone may have changed a call: a read, so that an idle server writes nothing."""
    return conn.execute(_DUE, {"now": now}).first() is not None


def reap(unit: Unit, limits: Limits) -> int:
    """Project again some of the calls that time alone may have changed; returns how many."""
    due = unit.conn.execute(_DUE_AND_FREE, {"now": unit.now}).scalars().all()
    for call_id in due:
        refresh(unit, call_id, limits)
    return len(due)

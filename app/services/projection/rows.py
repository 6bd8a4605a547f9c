"""A call's state as rows: its call, its legs, its recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from app.models import Call, Leg, Recording
from app.models.base import table_of
from app.pbx.message import is_person
from app.services.prepared import Prepared
from app.services.projection import names
from app.services.tracking import CallState
from app.services.tracking import Leg as LegState
from app.services.upsert import insert_for, update_columns
from app.services.writer import Unit

Row = Mapping[str, Any]

_CALL = select(Call.__table__).where(Call.id == bindparam("call_id")).with_for_update()
_LEGS = select(Leg.__table__).where(Leg.call_id == bindparam("call_id"))
_FOLLOWING = [column.key for column in table_of(Call).columns if column.key not in ("id", "callback_s")]
_NEW_CALL = Prepared(insert(table_of(Call)).returning(Call.id), _FOLLOWING)
_NEW_LEG = Prepared(insert(table_of(Leg)), [column.key for column in table_of(Leg).columns])
_SHARED = ("started_at", "direction", "outcome", "did_id", "recorded", "phone_id")


def stored_call(unit: Unit, call_id: int) -> dict[str, Any]:
    """The call's row as it stands; no other process writes it until the transaction ends."""
    return dict(unit.conn.execute(_CALL, {"call_id": call_id}).mappings().one())


def stored_legs(unit: Unit, call_id: int) -> dict[int, dict[str, Any]]:
    """The legs' rows as they stand, by PBX user."""
    rows = unit.conn.execute(_LEGS, {"call_id": call_id}).mappings()
    return {row["account_id"]: dict(row) for row in rows}


def call_row(unit: Unit, pbx_id: int, state: CallState) -> dict[str, Any]:
    """The columns of `call` that follow from the state."""
    via = state.via.value if state.via is not None else ""
    return {
        "pbx_id": pbx_id,
        "direction": state.direction,
        "outcome": state.outcome,
        "phone_id": names.phone_id(unit, state.phone),
        "phone_raw": (state.phone_raw or "")[:200],
        "did_id": names.did_id(unit, via) if via else None,
        "account_id": names.account_id(unit, pbx_id, state.login) if state.login else None,
        "started_at": state.started_at,
        "answered_at": state.answered_at,
        "ended_at": state.ended_at,
        "wait_s": state.wait_s,
        "duration_s": state.duration_s,
        "recorded": bool(state.recordings),
        "status": (state.status or "")[:64],
        "missed_status": (state.missed_status or "")[:8],
        "rating": state.rating,
        "final": state.final,
        "flags": " ".join(state.flags),
        "due_at": state.due_at,
    }


def leg_rows(unit: Unit, pbx_id: int, call_id: int, call: Row, state: CallState) -> dict[int, dict[str, Any]]:
    """The rows of `leg` that follow from the state, by PBX user."""
    shared = {name: call[name] for name in _SHARED}
    found = {}
    for leg in state.legs:
        if is_person(leg.login):
            account = names.account_id(unit, pbx_id, leg.login)
            found[account] = {"call_id": call_id, "account_id": account, **_leg_columns(leg), **shared}
    return found


def _leg_columns(leg: LegState) -> dict[str, Any]:
    return {
        "state": leg.state,
        "result": leg.result or "",
        "rang_at": leg.rang_at,
        "answered_at": leg.answered_at,
        "ended_at": leg.ended_at,
        "wait_s": leg.wait_s,
        "duration_s": leg.duration_s,
        "ext": (leg.ext or "")[:64],
        "ring_group": (leg.group or "")[:200],
    }


def insert_call(unit: Unit, row: Row, callid: str) -> int:
    """A new call; returns our id of it, which never changes."""
    return int(_NEW_CALL.scalar(unit.conn, {**row, "callid": callid}))


def save_call(unit: Unit, call_id: int, old: Row, new: Row) -> bool:
    """Write what differs; True when anything did."""
    changed = {name: value for name, value in new.items() if old[name] != value}
    if changed:
        update_columns(unit.conn, Call, {"id": call_id}, changed)
    return bool(changed)


def save_legs(unit: Unit, call_id: int, old: Mapping[int, Row], new: Mapping[int, Row]) -> bool:
    """Write the legs that differ, remove those that are no longer; True when anything changed."""
    gone = old.keys() - new.keys()
    if gone:
        unit.conn.execute(delete(Leg).where(Leg.call_id == call_id, Leg.account_id.in_(gone)))
    fresh = [row for account, row in new.items() if account not in old]
    for row in fresh:
        _NEW_LEG.run(unit.conn, row)
    changed = [account for account, row in new.items() if account in old and old[account] != row]
    for account in changed:
        values = {name: value for name, value in new[account].items() if old[account][name] != value}
        update_columns(unit.conn, Leg, {"call_id": call_id, "account_id": account}, values)
    return bool(gone or fresh or changed)


def add_recordings(unit: Unit, pbx_id: int, call_id: int, state: CallState) -> None:
    """Note each recording once; the fetcher takes it from there."""
    for found in state.recordings:
        known = ("recording", call_id, found.link)
        if known in unit.cache:
            continue
        unit.cache[known] = True
        login = found.login
        account = names.account_id(unit, pbx_id, login) if login and is_person(login) else None
        row = {
            "call_id": call_id,
            "account_id": account,
            "link": found.link,
            "link_digest": hashlib.sha256(found.link.encode()).hexdigest(),
            "state": "new",
            "next_try_at": unit.now,
        }
        unit.conn.execute(insert_for(unit.conn, Recording).values(row).on_conflict_do_nothing())

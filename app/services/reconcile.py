"""Filling holes: what the PBX's own `history` lists (later editions, not in the specification), and we lack.

A call that is missing, or lacks what only a history tells, gets a push of its own into the inbox, marked as
pulled; the ordinary rules make the row of it. What is known already is never told again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Connection, Engine, select

from app.models import LIVE, Call, CallKey, Leg, Push
from app.pbx.client import HistoryRow, PbxClient, PbxError
from app.pbx.message import is_person
from app.pbx.numbers import normalise, region_of
from app.pbx.times import parse_start
from app.services import intake
from app.services.clock import now
from app.services.connection import ensure_pbx
from app.services.intake import Incoming
from app.services.projection import keys
from app.services.projection.trails import TELLING
from app.services.reconcile_log import Summary, note_failure, note_success
from app.services.tracking import Limits
from app.services.writer import Unit, Writer

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
YOUNG_MS = 10 * MINUTE_MS  # its push may still be on its way
NEAR_MS = DAY_MS  # a callid may come again after a day: that is another call
AT_MOST = 1000  # rows of one answer

_FORM = "application/x-www-form-urlencoded"
_KNOWN = (
    select(CallKey.call_id, CallKey.phone, Call.outcome, Call.started_at, Call.duration_s, Call.recorded)
    .join(Call, Call.id == CallKey.call_id)
    .order_by(CallKey.generation.desc())
    .limit(1)
)


class Listed(NamedTuple):
    """A row of the PBX's history that can be read; `start_at` is epoch milliseconds."""

    row: HistoryRow
    start_at: int

    @property
    def talked(self) -> bool:
        """Duration and record decide; `account` is whom it was for, which proves no answer."""
        return self.row.type != "missed" and bool(self.row.duration or self.link)

    @property
    def link(self) -> str:
        record = self.row.record or ""
        return record if record.startswith(("https://", "http://")) else ""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A call that was `added`, or `filled` with what it lacked."""

    how: str
    callid: str
    start_at: int
    direction: str
    number: str


def run(writer: Writer, engine: Engine, pbx: PbxClient, limits: Limits, days: int) -> list[Repaired]:
    """Compare the last days with the PBX's history and repair what is missing; the summary is kept.

    Raises PbxError (`bad_parameters`: this PBX has no such command) and Unavailable.
    """
    until = now() - YOUNG_MS
    try:
        rows = list(dict.fromkeys(row for day in range(days, 0, -1) for row in _day(pbx, until, day)))
    except PbxError as error:
        writer.write(note_failure, error.code)
        raise
    readable = sorted(_readable(rows, limits), key=lambda found: found.start_at)
    listed = [found for found in readable if found.start_at <= until]
    with engine.connect() as conn:
        holes = [found for found in listed if _hole(conn, found, limits)]
    repaired = [done for found in holes if (done := writer.write(_repair, found, limits))]
    added = sum(done.how == "added" for done in repaired)
    summary = Summary(days, len(listed), len(rows) - len(readable), added, len(repaired) - added)
    writer.write(note_success, summary)
    return repaired


def _day(pbx: PbxClient, until: int, days_ago: int) -> list[HistoryRow]:
    start = until - days_ago * DAY_MS
    return fetch(pbx, start, start + DAY_MS)


def fetch(pbx: PbxClient, start_at: int, end_at: int) -> list[HistoryRow]:
    """The PBX's calls between two instants (epoch ms). An answer that is full is asked for again by halves.

    Raises PbxError.
    """
    rows = pbx.history(start_at=start_at, end_at=end_at, limit=AT_MOST)
    if len(rows) < AT_MOST or end_at - start_at <= MINUTE_MS:
        return rows
    middle = (start_at + end_at) // 2
    return fetch(pbx, start_at, middle) + fetch(pbx, middle, end_at)


def _readable(rows: Iterable[HistoryRow], limits: Limits) -> Iterable[Listed]:
    """Those with an id and a start: no call can be made of the others."""
    for row in rows:
        start_at = parse_start(row.start, limits.zone)
        if row.uid.strip() and start_at is not None:
            yield Listed(row, start_at)


def _repair(unit: Unit, found: Listed, limits: Limits) -> Repaired | None:
    """Look again, now that nobody else writes this call, and store what is missing."""
    keys.lock(unit, _callid(found))
    how = _hole(unit.conn, found, limits)
    if how is None:
        return None
    push = _push(found, ensure_pbx(unit), unit.now, named=how == "added" or not _anybody_talked(unit, found))
    intake.store(unit, push, limits)
    row = found.row
    return Repaired(how, row.uid, found.start_at, "in" if row.type == "missed" else row.type, row.phone)


def _hole(conn: Connection, found: Listed, limits: Limits) -> str | None:
    """What is to be done about a row: `added`, `filled`, or None when nothing is missing."""
    call = conn.execute(_KNOWN.where(CallKey.callid == _callid(found))).first()
    if call is None:
        return "added"
    phone = normalise(found.row.phone, region_of(found.row.via) or limits.region).value
    another = call.phone not in ("", phone) or abs(call.started_at - found.start_at) > NEAR_MS
    if another or call.outcome in LIVE:
        return None
    of_call = select(CallKey.id).where(CallKey.call_id == call.call_id)
    told = select(Push.cmd, Push.source).where(Push.call_key_id.in_(of_call), Push.state == "ok")
    trail = conn.execute(told.where(Push.cmd.in_(TELLING))).all()
    if not trail or any(push.source == "history" for push in trail):  # removed by retention; told before
        return None
    without_history = all(push.cmd != "history" for push in trail)
    lacks = (
        (found.talked and without_history)
        or call.outcome == "no_end"
        or (found.link and not call.recorded)
        or (found.row.duration and call.outcome == "answered" and not call.duration_s)
    )
    return "filled" if lacks else None


def _anybody_talked(unit: Unit, found: Listed) -> bool:
    """Where events name who talked, the list's `account` must not name another."""
    calls = select(CallKey.call_id).where(CallKey.callid == _callid(found))
    query = select(Leg.call_id).where(Leg.call_id.in_(calls), Leg.result == "answered")
    return unit.conn.execute(query.limit(1)).first() is not None


def _callid(found: Listed) -> str:
    return keys.stored_callid(found.row.uid.strip())


def _push(found: Listed, pbx_id: int, at: int, *, named: bool) -> Incoming:
    """The history push (specification 4.1.1) that would have told of this call."""
    row = found.row
    fields = {
        "cmd": "history",
        "callid": row.uid,
        "phone": row.phone,
        "type": "in" if row.type == "missed" else row.type,
        "user": row.account if named and is_person(row.account) else None,
        "diversion": row.via,
        "start": row.start,
        "wait": row.wait,
        "duration": row.duration if found.talked else 0,
        "status": _status(found),
        "link": found.link,
        "rating": row.rating,
    }
    body = urlencode({name: value for name, value in fields.items() if value not in (None, "")}).encode()
    # `phone` stays even when it is empty: the number was withheld.
    body += b"" if row.phone else b"&phone="
    return Incoming.read_again(pbx_id, at, _FORM, body, source="history")


def _status(found: Listed) -> str | None:
    """Why nobody talked is said of incoming calls only; of the others nothing is made up."""
    if found.talked:
        return "Success"
    return "Missed" if found.row.type in ("missed", "in") else None

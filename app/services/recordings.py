"""Recordings: from the PBX's link to our own copy, tried until the PBX has the file (or never will)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, and_, or_, select, update

from app.concurrency import start_thread
from app.config import Settings
from app.models import PbxAccount, Recording, User
from app.services import audit, connection
from app.services.call_log.rows import person_name
from app.services.changes import Change
from app.services.clock import now
from app.services.fetching import TOTAL_S, Allowed, Fetched, FetchFailed, fetch
from app.services.writer import Unit, Writer

FOLDER = "recordings"
AT_ONCE = 2
# When to try, in seconds after the first try: the file lags the history by up to minutes, or by hours
# where the PBX was unwell.
TRIES_S = (0, 20, 60, 120, 300, 1800, 7200, 21600)
LEASE_MS = int(TOTAL_S * 1000) + 60_000
HOUR_MS = 3_600_000
REFUSED = frozenset({"host_not_allowed", "bad_link", "private_address"})


@dataclass(frozen=True)
class Wanted:
    """A recording that this process fetches now. `planned_at`: when it would have been tried by itself."""

    id: int
    call_id: int
    link: str
    attempts: int
    planned_at: int | None
    by_hand: bool


@dataclass(frozen=True)
class Stored:
    """A recording as the card of its call shows it; `path` is relative to the recordings' folder."""

    id: int
    person: str
    state: str
    path: str
    content_type: str
    size: int | None


def of_call(conn: Connection, call_id: int) -> list[Stored]:
    """The recordings of a call, in the order they were named."""
    query = (
        select(
            Recording.id,
            User.name,
            PbxAccount.real_name,
            PbxAccount.login,
            Recording.state,
            Recording.path,
            Recording.content_type,
            Recording.size,
        )
        .outerjoin(PbxAccount, PbxAccount.id == Recording.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(Recording.call_id == call_id)
        .order_by(Recording.id)
    )
    return [
        Stored(row.id, person_name(row.name, "", row.real_name, row.login), *row[4:])
        for row in conn.execute(query)
    ]


def folder(settings: Settings) -> Path:
    """Where our copies are kept."""
    return settings.data_dir / FOLDER


def due(conn: Connection, at: int, limit: int = AT_ONCE) -> list[int]:
    """Ids of recordings that should be tried at `at` (epoch ms), the longest waiting first."""
    query = select(Recording.id).where(Recording.next_try_at <= at).order_by(Recording.next_try_at)
    return list(conn.scalars(query.limit(limit)))


def allowed(conn: Connection, settings: Settings) -> Allowed:
    """Where recordings may be fetched from: the hosts named by operator and admin, and the PBX itself."""
    connected = connection.read(conn, settings)
    hosts = (*settings.recording_hosts, *connected.recording_hosts, connected.host)
    return Allowed(frozenset(host.lower() for host in hosts if host), settings.allow_private_hosts)


def claim(unit: Unit, recording_id: int, *, by_hand: bool = False) -> Wanted | None:
    """Take a recording for fetching; None when it needs no fetching or another process has it.

    A claim lapses, so that a process that died does not keep it. A listener's try (`by_hand`) does not
    use up the plan.
    """
    found = unit.conn.execute(select(Recording).where(Recording.id == recording_id)).first()
    if found is None:
        return None
    free = or_(
        Recording.state == "new", and_(Recording.state == "fetching", Recording.next_try_at <= unit.now)
    )
    attempts = found.attempts if by_hand else found.attempts + 1
    taken = unit.conn.execute(
        update(Recording)
        .where(Recording.id == recording_id, free)
        .values(state="fetching", attempts=attempts, next_try_at=unit.now + LEASE_MS)
    )
    if not taken.rowcount:
        return None
    return Wanted(found.id, found.call_id, found.link, attempts, found.next_try_at, by_hand)


def finish(unit: Unit, wanted: Wanted, path: str, content_type: str, size: int) -> bool:
    """Note our copy; False when the recording is no longer there and the file has no owner."""
    values = {"path": path, "content_type": content_type, "size": size, "error": ""}
    return _settle(unit, wanted, state="ready", next_try_at=None, **values)


def fail(unit: Unit, wanted: Wanted, code: str, *, again: bool) -> bool:
    """Note a try that failed, and when the next one is."""
    if code in REFUSED:
        return _settle(unit, wanted, state="refused", next_try_at=None, error=code)
    if not again:
        return _settle(unit, wanted, state="failed", next_try_at=None, error=code)
    if wanted.by_hand:
        return _settle(unit, wanted, state="new", next_try_at=wanted.planned_at, error=code)
    if wanted.attempts >= len(TRIES_S):
        return _settle(unit, wanted, state="gone", next_try_at=None, error=code)
    pause_s = TRIES_S[wanted.attempts] - TRIES_S[wanted.attempts - 1]
    return _settle(unit, wanted, state="new", next_try_at=unit.now + pause_s * 1000, error=code)


def _settle(unit: Unit, wanted: Wanted, **values: object) -> bool:
    done = unit.conn.execute(update(Recording).where(Recording.id == wanted.id).values(**values))
    unit.changes.append(Change("recording", wanted.call_id))
    return bool(done.rowcount)


def retry_refused(unit: Unit) -> int:
    """Try again what was refused, as after the admin has named more hosts; returns how many."""
    again = (
        update(Recording)
        .where(Recording.state == "refused")
        .values(state="new", attempts=0, next_try_at=unit.now)
    )
    return unit.conn.execute(again).rowcount


def note_listened(unit: Unit, user_id: int, session_id: int, recording_id: int) -> None:
    """Write down who heard which recording, once an hour and session however often it is sought in."""
    key = ("listened", session_id, recording_id, unit.now // HOUR_MS)
    if key not in unit.cache:
        audit.record(unit, user_id, "recording.listened", "recording", recording_id)
        unit.cache[key] = True


def fetch_one(
    writer: Writer, engine: Engine, settings: Settings, recording_id: int, *, by_hand: bool = False
) -> None:
    """Fetch one recording, if it is to be fetched; what came of it stands in its row."""
    wanted = writer.write(claim, recording_id, by_hand=by_hand)
    if wanted is None:
        return
    with engine.connect() as conn:
        places = allowed(conn, settings)
    month = datetime.fromtimestamp(now() / 1000, UTC).strftime("%Y/%m")
    try:
        fetched = fetch(wanted.link, places, folder(settings) / month)
    except FetchFailed as failure:
        writer.write(fail, wanted, failure.code, again=failure.again)
        return
    _keep(writer, settings, wanted, fetched)


def fetch_by_hand(writer: Writer, engine: Engine, settings: Settings, recording_id: int) -> None:
    """Fetch a recording that somebody wants to hear now, whatever the plan says."""
    fetch_one(writer, engine, settings, recording_id, by_hand=True)


def _keep(writer: Writer, settings: Settings, wanted: Wanted, fetched: Fetched) -> None:
    path = fetched.path.relative_to(folder(settings)).as_posix()
    owned = False
    try:
        owned = writer.write(finish, wanted, path, fetched.content_type, fetched.size)
    finally:
        if not owned:
            fetched.path.unlink(missing_ok=True)


def fetch_due(writer: Writer, engine: Engine, settings: Settings) -> int:
    """Fetch what is due, two at once; returns how many were tried. Blocks: for a thread of its own."""
    with engine.connect() as conn:
        ids: Sequence[int] = due(conn, now())
    work = partial(fetch_one, writer, engine, settings)
    threads = [start_thread(partial(work, one), "pult-fetch") for one in ids[1:]]
    for one in ids[:1]:
        work(one)
    for thread in threads:
        thread.join()
    return len(ids)

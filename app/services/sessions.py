"""Log-ins: a random cookie in the browser, its hash in the table, so that each can be revoked at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from app.models import Session, User
from app.services import secrets
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.writer import Unit

MINUTE_MS = 60_000
IDLE_MS = 12 * 60 * MINUTE_MS
LIFE_MS = 30 * 24 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: the person of a session. `lang`, `timezone`, `theme` are empty where nothing was chosen."""

    id: int
    name: str
    email: str
    role: str
    lang: str
    timezone: str
    theme: str
    session_id: int
    seen_at: int


def start(unit: Unit, user_id: int, address: str = "", browser: str = "") -> str:
    """Open a session and return its token: the cookie's value, stored nowhere."""
    token = secrets.new_token()
    unit.conn.execute(
        insert(Session).values(
            kind="user",
            digest=secrets.digest(token),
            user_id=user_id,
            created_at=unit.now,
            seen_at=unit.now,
            expires_at=unit.now + LIFE_MS,
            address=address[:64],
            browser=browser[:200],
        )
    )
    return token


_FIND = (
    select(
        User.id,
        User.name,
        User.email,
        User.role,
        User.lang,
        User.timezone,
        User.theme,
        Session.id.label("session_id"),
        Session.seen_at,
        Session.expires_at,
    )
    .join(User, User.id == Session.user_id)
    .where(Session.kind == "user", Session.revoked_at.is_(None), User.enabled)
)
_BY_DIGEST = Prepared(_FIND.where(Session.digest == bindparam("digest")))
_BY_ID = Prepared(_FIND.where(Session.id == bindparam("id")))


def find(conn: Connection, token: str, now: int) -> Viewer | None:
    """Whose session this token opens: one indexed read. None when it is unknown, revoked, idle or old."""
    return _alive(_BY_DIGEST.row(conn, {"digest": secrets.digest(token)}), now)


def find_by_id(conn: Connection, session_id: int, now: int) -> Viewer | None:
    """The same for a session that was found before: does it still stand?"""
    return _alive(_BY_ID.row(conn, {"id": session_id}), now)


def _alive(row: tuple[Any, ...] | None, now: int) -> Viewer | None:
    if row is None:
        return None
    *whose, expires_at = row
    viewer = Viewer(*whose)
    return viewer if now < expires_at and now - viewer.seen_at < IDLE_MS else None


def is_stale(viewer: Viewer, now: int) -> bool:
    """True when the session's `seen_at` should be written again: at most once a minute."""
    return now - viewer.seen_at >= MINUTE_MS


def touch(unit: Unit, session_id: int) -> None:
    """Note that the session was used."""
    fresh = Session.seen_at > unit.now - MINUTE_MS
    unit.conn.execute(update(Session).where(Session.id == session_id, ~fresh).values(seen_at=unit.now))


def revoke(unit: Unit, session_id: int) -> None:
    """End one session; its tabs are closed by the publisher."""
    _revoke(unit, [session_id])


def revoke_all(unit: Unit, user_id: int, keep: int | None = None) -> int:
    """End every session of a person but `keep`; returns how many there were."""
    query = select(Session.id).where(Session.user_id == user_id, Session.revoked_at.is_(None))
    ids = [id for id in unit.conn.execute(query).scalars() if id != keep]
    _revoke(unit, ids)
    return len(ids)


def end_expired(unit: Unit) -> int:
    """End the sessions whose time is over, so that their tabs close; returns how many."""
    over = (Session.expires_at <= unit.now) | (Session.seen_at <= unit.now - IDLE_MS)
    query = select(Session.id).where(Session.kind == "user", Session.revoked_at.is_(None), over)
    ids = list(unit.conn.execute(query).scalars())
    _revoke(unit, ids)
    return len(ids)


def _revoke(unit: Unit, ids: list[int]) -> None:
    open_ones = Session.id.in_(ids) & Session.revoked_at.is_(None)
    unit.conn.execute(update(Session).where(open_ones).values(revoked_at=unit.now))
    unit.changes.extend(Change("session", id) for id in ids)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One log-in as its owner sees it in the list."""

    id: int
    created_at: int
    seen_at: int
    address: str
    browser: str


def of_user(conn: Connection, user_id: int, now: int) -> list[OpenSession]:
    """A person's log-ins that are still good, the last used first."""
    query = (
        select(Session.id, Session.created_at, Session.seen_at, Session.address, Session.browser)
        .where(Session.user_id == user_id, Session.revoked_at.is_(None), Session.expires_at > now)
        .where(Session.seen_at > now - IDLE_MS)
        .order_by(Session.seen_at.desc())
    )
    return [OpenSession(*row) for row in conn.execute(query)]

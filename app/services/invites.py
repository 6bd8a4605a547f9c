"""One-time links: the set-up of an empty installation, a new person's first log-in, a new password."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from app.models import Invite, User
from app.services import audit, people, secrets
from app.services.people import Refused
from app.services.writer import Unit

LIFE_MS = 7 * 24 * 3600 * 1000


class Invitation(NamedTuple):
    """A link that still works. For `kind` setup there is no person yet."""

    kind: str
    user_id: int | None
    name: str
    email: str


def setup_link(unit: Unit) -> str | None:
    """A new token for the set-up of an empty installation; None when there are people already."""
    if people.any_users(unit.conn):
        return None
    return _issue(unit, "setup", None)


def invite(unit: Unit, by: int | None, user_id: int) -> str:
    """A new token with which this person chooses a password; earlier ones stop working."""
    query = select(User.password).where(User.id == user_id, User.enabled)
    stored: str | None = unit.conn.execute(query).scalar()
    if stored is None:
        raise Refused("unknown")
    audit.record(unit, by, "user_invited", "user", user_id)
    return _issue(unit, "password" if stored else "user", user_id)


def find(conn: Connection, token: str, now: int) -> Invitation | None:
    """What a link is for, None when it was used, is too old or was never made."""
    query = (
        select(Invite.kind, Invite.user_id, User.name, User.email, User.enabled)
        .join(User, User.id == Invite.user_id, isouter=True)
        .where(Invite.digest == secrets.digest(token), Invite.used_at.is_(None), Invite.expires_at > now)
    )
    row = conn.execute(query).first()
    if row is None:
        return None
    fits = not people.any_users(conn) if row.kind == "setup" else bool(row.enabled)
    return Invitation(row.kind, row.user_id, row.name or "", row.email or "") if fits else None


def accept(unit: Unit, token: str, password: str, lang: str) -> int:
    """Use up a person's link: store the password's hash and return whose it is."""
    found = _use(unit, token)
    if found.user_id is None:
        raise Refused("link_used")
    if found.kind == "user":
        people.choose(unit, found.user_id, lang=lang)
    people.set_password(unit, found.user_id, found.user_id, password)
    return found.user_id


def accept_setup(unit: Unit, token: str, *, email: str, name: str, password: str, lang: str) -> int:
    """Use up the set-up link: make the first administrator and return their id."""
    if _use(unit, token).kind != "setup":
        raise Refused("link_used")
    return people.add(unit, None, email=email, name=name, role="admin", password=password, lang=lang)


def _issue(unit: Unit, kind: str, user_id: int | None) -> str:
    same = Invite.user_id.is_(None) if user_id is None else Invite.user_id == user_id
    unit.conn.execute(update(Invite).where(same, Invite.used_at.is_(None)).values(used_at=unit.now))
    token = secrets.new_token()
    row = {"kind": kind, "digest": secrets.digest(token), "user_id": user_id}
    unit.conn.execute(insert(Invite).values(**row, created_at=unit.now, expires_at=unit.now + LIFE_MS))
    return token


def _use(unit: Unit, token: str) -> Invitation:
    found = find(unit.conn, token, unit.now)
    unused = (Invite.digest == secrets.digest(token)) & Invite.used_at.is_(None)
    taken = unit.conn.execute(update(Invite).where(unused).values(used_at=unit.now)).rowcount
    if found is None or taken != 1:
        raise Refused("link_used")
    return found

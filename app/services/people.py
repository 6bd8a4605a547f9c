"""The people who may log in: added, changed, disabled, never deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from app.models import ROLES, PbxAccount, Session, User
from app.pbx.message import bare_login
from app.services import audit, sessions
from app.services.changes import Change
from app.services.upsert import upsert
from app.services.writer import Unit

EMAIL = re.compile(r"[^@\s,;<>\"]{1,100}@[^@\s,;<>\"]{1,99}")


class Refused(ValueError):
    """A wish that cannot be granted. `code`: bad_email, email_taken, no_name, bad_role, last_admin,
    unknown (person), link_used (or too old), bad_login (of the PBX)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list of people. `seen_at`: when one of their log-ins was last used."""

    id: int
    email: str
    name: str
    role: str
    enabled: bool
    invited: bool  # has not chosen a password yet
    seen_at: int | None
    logins: tuple[str, ...]

    @property
    def state(self) -> str:
        """May they log in: enabled, invited (a password is still to be chosen), disabled."""
        if not self.enabled:
            return "disabled"
        return "invited" if self.invited else "enabled"


def everyone(conn: Connection) -> list[Person]:
    """All people by name, those who may log in first."""
    last = select(Session.user_id, func.max(Session.seen_at)).group_by(Session.user_id)
    seen = {user_id: at for user_id, at in conn.execute(last)}
    logins = _logins(conn)
    query = select(User.id, User.email, User.name, User.role, User.enabled, User.password)
    return [
        Person(id, email, name, role, enabled, not password, seen.get(id), tuple(logins.get(id, ())))
        for id, email, name, role, enabled, password in conn.execute(
            query.order_by(User.enabled.desc(), User.name, User.id)
        )
    ]


def _logins(conn: Connection) -> dict[int | None, list[str]]:
    """The PBX users each person is mapped to."""
    logins: dict[int | None, list[str]] = {}
    mapped = select(PbxAccount.user_id, PbxAccount.login).where(PbxAccount.user_id.is_not(None))
    for user_id, login in conn.execute(mapped.order_by(PbxAccount.login)):
        logins.setdefault(user_id, []).append(login)
    return logins


def find(conn: Connection, user_id: int) -> Person | None:
    """One person by id."""
    return next((person for person in everyone(conn) if person.id == user_id), None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is checked against."""

    id: int
    password: str
    enabled: bool


def credentials(conn: Connection, email: str) -> Credentials | None:
    """Whose e-mail this is, however it is capitalised."""
    query = select(User.id, User.password, User.enabled).where(User.email == clean_email(email))
    row = conn.execute(query).first()
    return Credentials(*row) if row else None


def any_users(conn: Connection) -> bool:
    """False on an empty installation: the set-up link works then."""
    return conn.execute(select(User.id).limit(1)).first() is not None


def add(
    unit: Unit, by: int | None, *, email: str, name: str, role: str, password: str = "", lang: str = ""
) -> int:
    """Add a person and return their id. `password` is a hash; without one they need an invitation."""
    email, name = clean_email(email), clean_name(name)
    _check_role(role)
    if not EMAIL.fullmatch(email):
        raise Refused("bad_email")
    if unit.conn.execute(select(User.id).where(User.email == email)).first():
        raise Refused("email_taken")
    values = {"email": email, "name": name, "role": role, "password": password, "lang": lang}
    statement = insert(User).values(**values, created_at=unit.now).returning(User.id)
    user_id: int = unit.conn.execute(statement).scalar_one()
    audit.record(unit, by, "user_added", "user", user_id, role)
    unit.changes.append(Change("user", user_id))
    return user_id


def change(unit: Unit, by: int | None, user_id: int, *, name: str, role: str) -> None:
    """Rename a person or give them another role; their tabs come back with what they may see now."""
    name = clean_name(name)
    _check_role(role)
    before = _role_of(unit, user_id)
    if before == "admin" and role != "admin":
        _keep_one_admin(unit, user_id)
    unit.conn.execute(update(User).where(User.id == user_id).values(name=name, role=role))
    if role != before:
        sessions.revoke_all(unit, user_id)
    audit.record(unit, by, "user_changed", "user", user_id, role if role != before else "")
    unit.changes.append(Change("user", user_id))


def enable(unit: Unit, by: int | None, user_id: int, *, enabled: bool) -> None:
    """Let a person in again, or lock them out at once."""
    _role_of(unit, user_id)
    if not enabled:
        _keep_one_admin(unit, user_id)
        sessions.revoke_all(unit, user_id)
    unit.conn.execute(update(User).where(User.id == user_id).values(enabled=enabled))
    audit.record(unit, by, "user_enabled" if enabled else "user_disabled", "user", user_id)
    unit.changes.append(Change("user", user_id))


def map_login(unit: Unit, pbx_id: int, login: str, user_id: int) -> None:
    """Say that this user of the PBX is that person; a login the PBX has not told of yet is remembered."""
    bare = bare_login(login)
    if bare is None:
        raise Refused("bad_login")
    upsert(unit.conn, PbxAccount, {"pbx_id": pbx_id, "login": bare}, {"user_id": user_id})
    unit.changes.append(Change("accounts", 0))


def set_password(unit: Unit, by: int | None, user_id: int, password: str, keep: int | None = None) -> None:
    """Store a new password's hash and end every log-in but the session `keep`."""
    unit.conn.execute(update(User).where(User.id == user_id).values(password=password))
    sessions.revoke_all(unit, user_id, keep)
    audit.record(unit, by, "password_set", "user", user_id)


def choose(unit: Unit, user_id: int, **choices: str) -> None:
    """Keep a person's own choices: `lang`, `theme`, `timezone`."""
    unit.conn.execute(update(User).where(User.id == user_id).values(**choices))
    unit.changes.append(Change("user", user_id))


def clean_email(email: str) -> str:
    """An e-mail as it is stored and compared."""
    return email.strip().lower()[:200]


def clean_name(name: str) -> str:
    """A name on one line. Raises Refused("no_name")."""
    name = " ".join(name.split())[:200]
    if not name:
        raise Refused("no_name")
    return name


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Refused("bad_role")


def _role_of(unit: Unit, user_id: int) -> str:
    role: str | None = unit.conn.execute(select(User.role).where(User.id == user_id)).scalar()
    if role is None:
        raise Refused("unknown")
    return role


def _keep_one_admin(unit: Unit, user_id: int) -> None:
    """Refuse to lose the last admin; the rows are locked, as another process may be taking the other one."""
    admins = select(User.id).where(User.role == "admin", User.enabled).order_by(User.id).with_for_update()
    if list(unit.conn.execute(admins).scalars()) == [user_id]:
        raise Refused("last_admin")

"""Whose calls are whose: PBX users, the people they are mapped to, and the default user for the rest."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from app.models import PbxAccount, User
from app.pbx.message import GROUP_PREFIX, SWITCH_LOGIN
from app.services import settings


class Person(NamedTuple):
    """Somebody who may be chosen: the id of a user, and the name."""

    id: int
    name: str


def enabled_people(conn: Connection) -> list[Person]:
    """Everybody who may log in, by name: those who can be chosen as responsible."""
    query = select(User.id, User.name).where(User.enabled).order_by(User.name, User.id)
    return [Person(*row) for row in conn.execute(query)]


def is_enabled(conn: Connection, user_id: int | None) -> bool:
    """Whether this user exists and may work now."""
    if user_id is None:
        return False
    return bool(conn.execute(select(User.enabled).where(User.id == user_id)).scalar())


def enabled_or_none(conn: Connection, user_id: int | None) -> int | None:
    """The user, unless disabled or nobody: only those who work now are made responsible."""
    return user_id if is_enabled(conn, user_id) else None


def default_user_id(conn: Connection) -> int | None:
    """Who keeps the calls of PBX users that nobody is mapped to (specification 4.3); None when off."""
    if not settings.get(conn, "keep_unmapped"):
        return None
    return enabled_or_none(conn, settings.get(conn, "default_user"))


def account_ids_of(conn: Connection, user_id: int) -> list[int]:
    """PBX users whose calls are this person's: the mapped ones, for the default user the unmapped too."""
    own: ColumnElement[bool] = PbxAccount.user_id == user_id
    if default_user_id(conn) == user_id:
        own = or_(own, and_(PbxAccount.user_id.is_(None), is_person_account()))
    return list(conn.execute(select(PbxAccount.id).where(own).order_by(PbxAccount.id)).scalars())


def mapped_user_id(conn: Connection, account_id: int | None) -> int | None:
    """The person a PBX user is mapped to, if that person is enabled."""
    if account_id is None:
        return None
    query = select(User.id).join(PbxAccount, PbxAccount.user_id == User.id)
    return conn.execute(query.where(PbxAccount.id == account_id, User.enabled)).scalar()


def is_person_account() -> ColumnElement[bool]:
    """SQL: the PBX user is a person, not the switch itself and not a group."""
    group = PbxAccount.login.startswith(GROUP_PREFIX, autoescape=True)
    return and_(PbxAccount.login != SWITCH_LOGIN, ~group)

"""Whose calls: from a PBX login to accounts, and from an account to the person who is shown."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from app.models import PbxAccount, User
from app.services.ownership import account_ids_of, default_user_id

# Stands before the id of a person who has calls but no login of the PBX: the default user may be one.
BY_USER = "@"


class Person(NamedTuple):
    """One line of the filter "employee": what the address says, and the words."""

    value: str
    name: str


def accounts_of(conn: Connection, user: str) -> tuple[int, ...]:
    """The accounts meant by the filter `user`; empty when nobody has that login.

    The default user's login stands for the accounts that nobody is mapped to as well.
    """
    if user.startswith(BY_USER):
        digits = user.removeprefix(BY_USER)
        is_id = digits.isascii() and digits.isdigit() and len(digits) < 10
        return tuple(account_ids_of(conn, int(digits))) if is_id else ()
    login = user.partition("@")[0]
    found = conn.execute(select(PbxAccount.id, PbxAccount.user_id).where(PbxAccount.login == login)).all()
    ids = [account_id for account_id, _ in found]
    default = default_user_id(conn)
    if default is not None and any(user_id == default for _, user_id in found):
        ids += account_ids_of(conn, default)
    return tuple(dict.fromkeys(ids))


def people(conn: Connection) -> list[Person]:
    """Everybody the log can be filtered by, by name."""
    accounts = conn.execute(
        select(PbxAccount.login, PbxAccount.real_name, PbxAccount.user_id, User.name)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .order_by(PbxAccount.login)
    ).all()
    names = [name or real_name or login for login, real_name, _, name in accounts]
    found = [
        Person(row.login, f"{name} ({row.login})" if names.count(name) > 1 else name)
        for row, name in zip(accounts, names, strict=True)
    ]
    default = default_user_id(conn)
    if default is not None and all(row.user_id != default for row in accounts):
        name = conn.execute(select(User.name).where(User.id == default)).scalar()
        found += [Person(f"{BY_USER}{default}", name)] if name else []
    return sorted(found, key=lambda person: person.name.casefold())

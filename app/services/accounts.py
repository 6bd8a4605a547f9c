"""The users of the PBX (its command `accounts`), and which of our people each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select, update

from app.models import CallDay, PbxAccount, User
from app.pbx.client import Account
from app.pbx.message import bare_login, is_person
from app.services import audit
from app.services.changes import Change
from app.services.upsert import insert_for
from app.services.writer import Unit


class NoSuchAccount(LookupError):
    """There is no such PBX user, or no such person of ours."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a fetch changed: PBX users now listed, new ones, and those the PBX lists no more."""

    listed: int
    added: int
    gone: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A PBX user with the person behind it. `state`: unmapped, mapped, or gone from the PBX's list."""

    id: int
    login: str
    real_name: str
    ext: str
    telnum: str
    email: str
    enabled: bool
    fetched_at: int | None
    user_id: int | None
    user_name: str | None
    suggested_id: int | None = None

    @property
    def state(self) -> str:
        if not self.enabled:
            return "gone"
        return "unmapped" if self.user_id is None else "mapped"

    @property
    def from_pushes(self) -> bool:
        """True for a login that calls told us of, and the PBX's list did not."""
        return self.fetched_at is None


@dataclass(frozen=True, slots=True)
class Person:
    """One of our people, to choose from."""

    id: int
    name: str
    email: str


def sync(unit: Unit, pbx_id: int, accounts: Sequence[Account]) -> Synced:
    """Take over the PBX's list (specification, command accounts). Nothing is deleted, mappings stay.

    A user who has left the list is disabled; one who comes back is enabled again.
    """
    fetched = {login: account for account in accounts if (login := _person_login(account))}
    known = _known(unit.conn, pbx_id)
    for login, account in fetched.items():
        _store(unit, pbx_id, login, account)
    gone = [id_ for login, id_ in known.items() if login not in fetched]
    disabled = _disable(unit, gone)
    unit.changes.append(Change("accounts", 0))
    return Synced(len(fetched), sum(login not in known for login in fetched), disabled)


def map_account(unit: Unit, by: int | None, account_id: int, user_id: int | None) -> None:
    """Say who a PBX user is, or that it is nobody. Raises NoSuchAccount for an unknown id of either."""
    if user_id is not None and unit.conn.scalar(select(User.id).where(User.id == user_id)) is None:
        raise NoSuchAccount(f"user {user_id}")
    statement = update(PbxAccount).where(PbxAccount.id == account_id).values(user_id=user_id)
    if unit.conn.execute(statement).rowcount == 0:
        raise NoSuchAccount(f"account {account_id}")
    audit.record(unit, by, "account_mapped", "pbx_account", account_id, str(user_id or ""))
    unit.changes.append(Change("accounts", account_id))


def accept_suggestions(unit: Unit, by: int | None, pbx_id: int) -> int:
    """Map every unmapped PBX user for whom exactly one person fits; returns how many."""
    rows = [row for row in every(unit.conn, pbx_id) if row.state == "unmapped" and row.suggested_id]
    for row in rows:
        map_account(unit, by, row.id, row.suggested_id)
    return len(rows)


def every(conn: Connection, pbx_id: int) -> list[AccountRow]:
    """All PBX users with a suggestion for the unmapped: unmapped first, then mapped, then gone."""
    query = (
        select(
            PbxAccount.id,
            PbxAccount.login,
            PbxAccount.real_name,
            PbxAccount.ext,
            PbxAccount.telnum,
            PbxAccount.email,
            PbxAccount.enabled,
            PbxAccount.fetched_at,
            PbxAccount.user_id,
            User.name.label("user_name"),
        )
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(PbxAccount.pbx_id == pbx_id)
    )
    people = choices(conn)
    rows = [_with_suggestion(AccountRow(*row), people) for row in conn.execute(query)]
    order = ("unmapped", "mapped", "gone")
    return sorted(rows, key=lambda row: (order.index(row.state), (row.real_name or row.login).casefold()))


def choices(conn: Connection) -> list[Person]:
    """The people who can be chosen: all enabled ones, by name."""
    query = select(User.id, User.name, User.email).where(User.enabled).order_by(User.name)
    return [Person(*row) for row in conn.execute(query)]


def count(conn: Connection, pbx_id: int) -> int:
    """How many enabled PBX users there are."""
    query = select(func.count()).where(PbxAccount.pbx_id == pbx_id, PbxAccount.enabled)
    return int(conn.scalar(query) or 0)


def unmapped(conn: Connection, pbx_id: int) -> int:
    """How many enabled PBX users nobody is mapped to."""
    query = select(func.count()).where(
        PbxAccount.pbx_id == pbx_id, PbxAccount.user_id.is_(None), PbxAccount.enabled
    )
    return int(conn.scalar(query) or 0)


def fetched_at(conn: Connection, pbx_id: int) -> int | None:
    """When the PBX was last asked for its users, None when it never was."""
    found: int | None = conn.scalar(
        select(func.max(PbxAccount.fetched_at)).where(PbxAccount.pbx_id == pbx_id)
    )
    return found


def calls_since(conn: Connection, day: str) -> dict[int, int]:
    """Calls with a leg of each PBX user since a day (`2026-10-03`) of the company's clock, by account id."""
    counts = select(CallDay.account_id, func.sum(CallDay.calls)).where(CallDay.day >= day)
    return {row[0]: int(row[1]) for row in conn.execute(counts.group_by(CallDay.account_id))}


def find(conn: Connection, account_id: int) -> AccountRow:
    """One PBX user. Raises NoSuchAccount."""
    pbx_id = conn.scalar(select(PbxAccount.pbx_id).where(PbxAccount.id == account_id))
    if pbx_id is None:
        raise NoSuchAccount(f"account {account_id}")
    return next(row for row in every(conn, pbx_id) if row.id == account_id)


def _person_login(account: Account) -> str | None:
    login = bare_login(account.name)
    return login[:200] if login and is_person(login) else None


def _known(conn: Connection, pbx_id: int) -> dict[str, int]:
    query = select(PbxAccount.login, PbxAccount.id).where(PbxAccount.pbx_id == pbx_id)
    return {row.login: row.id for row in conn.execute(query)}


def _store(unit: Unit, pbx_id: int, login: str, account: Account) -> None:
    """A field the PBX leaves out keeps what was known of it."""
    told = {
        "real_name": (account.real_name or "")[:200],
        "ext": (account.ext or "")[:32],
        "telnum": (account.telnum or "")[:64],
        "email": (account.email or "")[:200],
    }
    values: dict[str, object] = {name: text for name, text in told.items() if text}
    values |= {"enabled": True, "fetched_at": unit.now}
    statement = insert_for(unit.conn, PbxAccount).values(pbx_id=pbx_id, login=login, **values)
    statement = statement.on_conflict_do_update(index_elements=["pbx_id", "login"], set_=values)
    unit.conn.execute(statement)


def _disable(unit: Unit, ids: Sequence[int]) -> int:
    """Logins known from pushes only were never in the list: they cannot leave it."""
    statement = (
        update(PbxAccount)
        .where(PbxAccount.id.in_(ids), PbxAccount.fetched_at.is_not(None), PbxAccount.enabled)
        .values(enabled=False)
    )
    return unit.conn.execute(statement).rowcount


def _with_suggestion(row: AccountRow, people: Sequence[Person]) -> AccountRow:
    if row.user_id is not None:
        return row
    return replace(row, suggested_id=_suggest(row, people))


def _suggest(row: AccountRow, people: Sequence[Person]) -> int | None:
    """The one person with this e-mail, else the one with this name in any order of its words."""
    by_email = [person.id for person in people if row.email and _same(person.email, row.email)]
    by_name = [
        person.id for person in people if row.real_name and _words(person.name) == _words(row.real_name)
    ]
    for found in (by_email, by_name):
        if len(found) == 1:
            return found[0]
    return None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _words(name: str) -> Counter[str]:
    return Counter(name.casefold().replace("ё", "е").split())

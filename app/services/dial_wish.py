"""What a person wants to dial, and for which PBX user: understood before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Connection, select

from app.models import PbxAccount
from app.pbx.numbers import normalise, region_of


class Impossible(ValueError):
    """Nothing can be dialled. `code`: bad_number, bad_intent, no_account or not_connected."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """The PBX user for whom we dial: its phone rings first."""

    id: int
    login: str
    telnum: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A click: who dials, for which PBX user, which number (E.164 with `+`, or an internal one)."""

    intent: str
    user_id: int
    account: Account
    number: str


def parse_intent(raw: str) -> str:
    """The UUID in its canonical form. Raises Impossible."""
    try:
        return str(UUID(raw))
    except ValueError:
        raise Impossible("bad_intent") from None


def parse_number(raw: str, telnum: str = "") -> str:
    """A typed number as it can be dialled, read as in the country of the caller's own number.

    Raises Impossible for what is no number.
    """
    number = normalise(raw.strip(), region_of(telnum) or "RU")
    if number.kind not in ("e164", "internal"):
        raise Impossible("bad_number")
    return number.value


def account_of(conn: Connection, user_id: int, account_id: int | None = None) -> Account:
    """The PBX user to dial for: the chosen one, else the person's first. Raises Impossible without one."""
    found = accounts_of(conn, user_id)
    chosen = [account for account in found if account_id in (None, account.id)]
    if not chosen:
        raise Impossible("no_account")
    return chosen[0]


def accounts_of(conn: Connection, user_id: int) -> list[Account]:
    """The enabled PBX users of one person, the oldest first."""
    columns = (PbxAccount.id, PbxAccount.login, PbxAccount.telnum)
    query = select(*columns).where(PbxAccount.user_id == user_id, PbxAccount.enabled)
    return [Account(*row) for row in conn.execute(query.order_by(PbxAccount.id))]


def new_intent() -> str:
    """The UUID of the next click on a dial button."""
    return str(uuid4())

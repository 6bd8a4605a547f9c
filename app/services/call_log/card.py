"""One call with everything that hangs on it: its legs, and its trail for the admin."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.models import Call, CallKey, CallRedirect, Leg, PbxAccount, Push, User
from app.pbx.protocol import open_envelope
from app.services.call_log.rows import Row, fallback_name, person_name, rows
from app.services.call_log.sources import Key
from app.services.ownership import is_person_account

# Their values never leave the server: a recording's address holds the client's number.
ADDRESSES = ("http://", "https://", "ftp://", "//")
HIDDEN = "…"
LARGEST_ID = 2**63 - 1  # an address may hold more than a database can


@dataclass(frozen=True)
class CardLeg:
    """One person's part in the call; instants are epoch milliseconds, durations seconds."""

    name: str
    login: str
    ext: str
    group: str
    state: str
    result: str
    rang_at: int | None
    answered_at: int | None
    ended_at: int | None
    wait_s: int | None
    duration_s: int


@dataclass(frozen=True)
class CardPush:
    """One push of the trail; `fields` are readable, addresses in them hidden."""

    id: int
    received_at: int
    cmd: str
    type: str
    login: str
    flags: str
    fields: tuple[tuple[str, str], ...]


def current_id(conn: Connection, call_id: int) -> int | None:
    """The id under which the call is kept: its own, or after a transfer that of the call it joined."""
    if call_id > LARGEST_ID:
        return None
    kept = conn.execute(select(Call.id).where(Call.id == call_id)).scalar()
    if kept is not None:
        return kept
    return conn.execute(select(CallRedirect.call_id).where(CallRedirect.id == call_id)).scalar()


def may_see(conn: Connection, call_id: int, scope: tuple[int, ...] | None) -> bool:
    """Whether one of the accounts in `scope` has a leg of the call; None sees all."""
    if scope is None:
        return True
    leg = select(Leg.call_id).where(Leg.call_id == call_id, Leg.account_id.in_(scope)).limit(1)
    return conn.execute(leg).first() is not None


def call(conn: Connection, call_id: int) -> Row | None:
    """The call's row of the log."""
    found = rows(conn, [Key(0, call_id)])
    return found[0] if found else None


def legs(conn: Connection, call_id: int) -> list[CardLeg]:
    """The call's legs in the order they rang."""
    fallback = fallback_name(conn)
    query = (
        select(Leg, PbxAccount.login, PbxAccount.real_name, User.name.label("user_name"), is_person_account())
        .join(PbxAccount, PbxAccount.id == Leg.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(Leg.call_id == call_id)
        .order_by(Leg.rang_at, Leg.answered_at, Leg.account_id)
    )
    return [
        CardLeg(
            name=person_name(row.user_name, fallback if row[-1] else "", row.real_name, row.login),
            login=row.login,
            ext=row.ext,
            group=row.ring_group,
            state=row.state,
            result=row.result,
            rang_at=row.rang_at,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            wait_s=row.wait_s,
            duration_s=row.duration_s,
        )
        for row in conn.execute(query)
    ]


def pushes(conn: Connection, call_id: int) -> list[CardPush]:
    """The call's trail: every push of all its keys, in inbox order."""
    query = (
        select(Push.id, Push.received_at, Push.cmd, Push.content_type, Push.body, Push.flags)
        .join(CallKey, CallKey.id == Push.call_key_id)
        .where(CallKey.call_id == call_id)
        .order_by(Push.id)
    )
    found = []
    for row in conn.execute(query):
        fields = open_envelope(row.body, row.content_type).fields
        shown = tuple((name, _shown(name, value)) for name, value in sorted(fields.items()) if name != "cmd")
        what = fields.get("status" if row.cmd == "history" else "type", "")
        found.append(
            CardPush(row.id, row.received_at, row.cmd, what, fields.get("user", ""), row.flags, shown)
        )
    return found


def _shown(name: str, value: str) -> str:
    is_address = any(start in value.lower() for start in ADDRESSES)
    return HIDDEN if value and (name == "link" or is_address) else value

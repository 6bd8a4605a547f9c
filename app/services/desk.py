"""What an agent's desk shows besides the calls of this moment: today's calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from app.models import LIVE, Call, Contact, ContactPhone, Did, Leg, PbxAccount, Phone, User

ROWS = 30


@dataclass(frozen=True, slots=True)
class TodayRow:
    """One of my calls today. `answered_by` is somebody else who took it."""

    id: int
    callid: str
    direction: str
    outcome: str
    name: str
    company: str
    number: str
    via_number: str
    via_label: str
    started_at: int
    duration_s: int
    answered_by: str
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Today:
    """My calls since midnight, the newest first, with their sums (calls, talk seconds)."""

    rows: Sequence[TodayRow]
    count: int
    talk_s: int
    more: bool


def midnight(now: int, zone: ZoneInfo) -> int:
    """When the present day began on the clocks of `zone`."""
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp() * 1000)


def today(conn: Connection, accounts: Sequence[int], since: int) -> Today:
    """The finished calls of these PBX users since `since`."""
    if not accounts:
        return Today((), 0, 0, more=False)
    mine = (Leg.account_id.in_(accounts), Leg.started_at >= since, Leg.outcome.not_in(LIVE))
    count = conn.execute(select(func.count(func.distinct(Leg.call_id))).where(*mine)).scalar_one()
    talk_s = conn.execute(select(func.coalesce(func.sum(Leg.duration_s), 0)).where(*mine)).scalar_one()
    ids = select(Leg.call_id).where(*mine).group_by(Leg.call_id).order_by(func.max(Leg.started_at).desc())
    newest = conn.execute(ids.limit(ROWS)).scalars().all()
    rows = [_row(row, accounts) for row in conn.execute(_ROWS.where(Call.id.in_(newest)))]
    return Today(rows, count, int(talk_s), more=count > len(rows))


_ROWS: Any = (
    select(
        Call.id,
        Call.callid,
        Call.direction,
        Call.outcome,
        Contact.name,
        Contact.company,
        Phone.number,
        Did.number.label("via_number"),
        Did.label.label("via_label"),
        Call.started_at,
        Call.duration_s,
        Call.account_id,
        func.coalesce(User.name, PbxAccount.real_name, PbxAccount.login).label("person"),
    )
    .outerjoin(Phone, Phone.id == Call.phone_id)
    .outerjoin(ContactPhone, ContactPhone.number == Phone.number)
    .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
    .outerjoin(Did, Did.id == Call.did_id)
    .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
    .outerjoin(User, User.id == PbxAccount.user_id)
    .order_by(Call.started_at.desc(), Call.id.desc())
)


def _row(row: Any, accounts: Sequence[int]) -> TodayRow:
    values = dict(row._mapping)
    account_id, person = values.pop("account_id"), values.pop("person")
    others = row.outcome == "answered" and account_id not in accounts
    for name in ("name", "company", "number", "via_number", "via_label"):
        values[name] = values[name] or ""
    return TodayRow(**values, answered_by=(person or "") if others else "")

"""The last calls with a contact's numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, select

from app.models import Call, Did, Leg, PbxAccount, Phone, User
from app.services.ownership import account_ids_of


class RecentCall(NamedTuple):
    """A call in a client's history. `own`: the reader took part, so may open it."""

    id: int
    callid: str
    direction: str
    outcome: str
    number: str
    person: str
    via_number: str
    via_label: str
    started_at: int
    wait_s: int | None
    duration_s: int
    recorded: bool
    own: bool


def recent_calls(
    conn: Connection, numbers: Iterable[str], reader_id: int, limit: int = 30
) -> list[RecentCall]:
    """The newest calls with any of these E.164 numbers, whoever had them."""
    mine = exists().where(Leg.call_id == Call.id, Leg.account_id.in_(account_ids_of(conn, reader_id)))
    person = func.coalesce(User.name, func.nullif(PbxAccount.real_name, ""), PbxAccount.login, "")
    query = (
        select(Call.id, Call.callid, Call.direction, Call.outcome, Phone.number, person)
        .add_columns(func.coalesce(Did.number, ""), func.coalesce(Did.label, ""))
        .add_columns(Call.started_at, Call.wait_s, Call.duration_s, Call.recorded, mine)
        .join(Phone, Phone.id == Call.phone_id)
        .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .outerjoin(Did, Did.id == Call.did_id)
        .where(Phone.number.in_(list(numbers)))
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(limit)
    )
    return [RecentCall(*row) for row in conn.execute(query)]

"""Calls as live pages show them: who calls, whom it rings, and what is known of the client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import aliased

from app.models import LIVE, Call, Contact, ContactPhone, Did, Leg, Note, PbxAccount, Phone, User

RESPONSIBLE = aliased(User)


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """One person's phone in a call. `user_id` is None for a PBX user that nobody is mapped to."""

    account_id: int
    user_id: int | None
    person: str
    state: str  # ringing, talking, over
    result: str
    since_at: int


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call with the names that belong to it. `number` is empty when the caller withheld it."""

    id: int
    callid: str
    direction: str
    outcome: str
    number: str
    name: str
    company: str
    contact_id: int | None
    responsible: str
    via_number: str
    via_label: str
    pops: bool  # whether calls through this number of ours pop up
    phone_id: int | None
    started_at: int
    answered_at: int | None
    ended_at: int | None
    duration_s: int
    legs: tuple[LiveLeg, ...] = field(default=())

    @property
    def since_at(self) -> int:
        """When the state that shows now began."""
        return self.answered_at or self.started_at if self.outcome == "talking" else self.started_at

    @property
    def state(self) -> str:
        """How the call stands now: its outcome while it lives."""
        return self.outcome

    @property
    def people(self) -> list[str]:
        """Who talks; while nobody does, whose phones ring."""
        return [leg.person for leg in self.legs if leg.state == self.outcome]

    @property
    def answered_by(self) -> LiveLeg | None:
        """The leg that talks or talked last, if any did."""
        talked = [leg for leg in self.legs if leg.state == "talking" or leg.result == "answered"]
        return max(talked, key=lambda leg: leg.since_at) if talked else None


def _calls() -> Any:
    return (
        select(
            Call.id,
            Call.callid,
            Call.direction,
            Call.outcome,
            Phone.number,
            Contact.name,
            Contact.company,
            Contact.id.label("contact_id"),
            RESPONSIBLE.name.label("responsible"),
            Did.number.label("via_number"),
            Did.label.label("via_label"),
            Did.pops,
            Call.phone_id,
            Call.started_at,
            Call.answered_at,
            Call.ended_at,
            Call.duration_s,
        )
        .outerjoin(Phone, Phone.id == Call.phone_id)
        .outerjoin(ContactPhone, ContactPhone.number == Phone.number)
        .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
        .outerjoin(RESPONSIBLE, RESPONSIBLE.id == Contact.responsible_id)
        .outerjoin(Did, Did.id == Call.did_id)
    )


_LEGS = (
    select(
        Leg.call_id,
        Leg.account_id,
        Leg.state,
        Leg.result,
        Leg.rang_at,
        Leg.answered_at,
        Leg.started_at,
        PbxAccount.user_id,
        PbxAccount.login,
        PbxAccount.real_name,
        User.name,
    )
    .join(PbxAccount, PbxAccount.id == Leg.account_id)
    .outerjoin(User, User.id == PbxAccount.user_id)
    .where(Leg.call_id.in_(bindparam("ids", expanding=True)))
    .order_by(Leg.call_id, Leg.rang_at, Leg.account_id)
)

_ONE = _calls().where(Call.id.in_(bindparam("ids", expanding=True))).order_by(Call.id)
_NOW = _calls().where(Call.outcome.in_(LIVE)).order_by(Call.started_at, Call.id).limit(bindparam("most"))
_MINE = (
    select(Call.id)
    .join(Leg, Leg.call_id == Call.id)
    .join(PbxAccount, PbxAccount.id == Leg.account_id)
    .where(
        Call.outcome.in_(LIVE), Leg.state.in_(("ringing", "talking")), PbxAccount.user_id == bindparam("user")
    )
    .order_by(Call.id)
)


def by_ids(conn: Connection, ids: Iterable[int]) -> list[LiveCall]:
    """These calls, those that exist."""
    wanted = list(ids)
    return _with_legs(conn, conn.execute(_ONE, {"ids": wanted}).all()) if wanted else []


def now(conn: Connection, most: int) -> list[LiveCall]:
    """All calls that ring or talk, the longest first, at most `most`."""
    return _with_legs(conn, conn.execute(_NOW, {"most": most}).all())


def of_user(conn: Connection, user_id: int) -> list[LiveCall]:
    """The calls in which a phone of this person rings or talks."""
    return by_ids(conn, conn.execute(_MINE, {"user": user_id}).scalars().all())


def _with_legs(conn: Connection, rows: Sequence[Any]) -> list[LiveCall]:
    legs: dict[int, list[LiveLeg]] = defaultdict(list)
    ids = [row.id for row in rows]
    for leg in conn.execute(_LEGS, {"ids": ids}) if ids else ():
        since_at = leg.answered_at or leg.rang_at or leg.started_at
        person = leg.name or leg.real_name or leg.login
        found = LiveLeg(leg.account_id, leg.user_id, person, leg.state, leg.result, since_at)
        legs[leg.call_id].append(found)
    return [_live_call(row, tuple(legs[row.id])) for row in rows]


def _live_call(row: Any, legs: tuple[LiveLeg, ...]) -> LiveCall:
    values = dict(row._mapping)
    for name in ("number", "name", "company", "responsible", "via_number", "via_label"):
        values[name] = values[name] or ""
    values["pops"] = values["pops"] is not False
    return LiveCall(**values, legs=legs)


@dataclass(frozen=True, slots=True)
class Brief:
    """What the agent should know before the first word. Times are epoch ms, durations seconds."""

    calls_before: int | None
    last_talks: tuple[tuple[int, int, str], ...]
    note: str


_BEFORE = (
    select(Call.started_at, Call.duration_s, User.name, PbxAccount.real_name, PbxAccount.login)
    .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
    .outerjoin(User, User.id == PbxAccount.user_id)
    .where(
        Call.phone_id == bindparam("phone_id"),
        Call.id != bindparam("call_id"),
        Call.outcome == "answered",
        Call.started_at <= bindparam("before"),
    )
    .order_by(Call.started_at.desc())
    .limit(3)
)
_COUNT = select(Phone.calls).where(Phone.id == bindparam("phone_id"))
_NOTE = (
    select(Note.text)
    .where(Note.contact_id == bindparam("contact_id"))
    .order_by(Note.created_at.desc(), Note.id.desc())
    .limit(1)
)


def brief(conn: Connection, call: LiveCall) -> Brief:
    """The client's last talks with us, how many calls there were, and the last note."""
    if call.phone_id is None:
        return Brief(None, (), "")
    before = conn.execute(
        _BEFORE, {"phone_id": call.phone_id, "call_id": call.id, "before": call.started_at}
    ).all()
    count = conn.execute(_COUNT, {"phone_id": call.phone_id}).scalar() or 1
    note = conn.execute(_NOTE, {"contact_id": call.contact_id}).scalar() if call.contact_id else None
    talks = tuple(
        (row.started_at, row.duration_s, row.name or row.real_name or row.login or "") for row in before
    )
    return Brief(max(count - 1, 0), talks, note or "")

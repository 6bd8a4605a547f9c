"""Calls as live pages show them: who calls, whom it rings, and what is known of the client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, true
from sqlalchemy.orm import aliased

from app.models import LIVE, Call, Contact, ContactPhone, Did, Leg, Note, PbxAccount, Phone, User
from app.services.prepared import Prepared

RESPONSIBLE = aliased(User)
MY_LEG, MY_ACCOUNT = aliased(Leg), aliased(PbxAccount)


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


def _person() -> Any:
    """The name of whoever has the phone: the person's, else what the PBX calls them."""
    names = (func.nullif(User.name, ""), func.nullif(PbxAccount.real_name, ""), PbxAccount.login, "")
    return func.coalesce(*names)


_CALL = (
    Call.id,
    Call.callid,
    Call.direction,
    Call.outcome,
    func.coalesce(Phone.number, ""),
    func.coalesce(Contact.name, ""),
    func.coalesce(Contact.company, ""),
    Contact.id,
    func.coalesce(RESPONSIBLE.name, ""),
    func.coalesce(Did.number, ""),
    func.coalesce(Did.label, ""),
    func.coalesce(Did.pops, true()),  # a call through a number that we do not know pops up, too
    Call.phone_id,
    Call.started_at,
    Call.answered_at,
    Call.ended_at,
    Call.duration_s,
)
_LEG = (
    Leg.account_id,
    PbxAccount.user_id,
    _person(),
    Leg.state,
    Leg.result,
    func.coalesce(Leg.answered_at, Leg.rang_at, Leg.started_at),
)


def _calls(which: ColumnElement[bool]) -> Prepared:
    """The columns of LiveCall, then those of LiveLeg, both in their order: a row for each leg."""
    query: Any = select(*_CALL, *_LEG)
    return Prepared(
        query.outerjoin(Phone, Phone.id == Call.phone_id)
        .outerjoin(ContactPhone, ContactPhone.number == Phone.number)
        .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
        .outerjoin(RESPONSIBLE, RESPONSIBLE.id == Contact.responsible_id)
        .outerjoin(Did, Did.id == Call.did_id)
        .outerjoin(Leg, Leg.call_id == Call.id)
        .outerjoin(PbxAccount, PbxAccount.id == Leg.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .where(which)
        .order_by(Call.started_at, Call.id, Leg.rang_at, Leg.account_id)
    )


@cache
def _by_ids(count: int) -> Prepared:
    """The calls of so many ids: the value of each has a place of its own in the statement."""
    ids: list[Any] = [bindparam(f"id{n}") for n in range(count)]
    return _calls(Call.id.in_(ids))


_LIVE = select(Call.id).where(Call.outcome.in_(LIVE))
# "ringing" stands before "talking" in any alphabet
_URGENT = _LIVE.order_by(Call.outcome, Call.started_at, Call.id).limit(bindparam("most"))
_NOW = _calls(Call.id.in_(_URGENT))
_MINE = _calls(
    Call.id.in_(
        _LIVE.join(MY_LEG, MY_LEG.call_id == Call.id)
        .join(MY_ACCOUNT, MY_ACCOUNT.id == MY_LEG.account_id)
        .where(MY_LEG.state.in_(("ringing", "talking")), MY_ACCOUNT.user_id == bindparam("user"))
    )
)


def by_ids(conn: Connection, ids: Sequence[int]) -> list[LiveCall]:
    """These calls, those that exist."""
    if not ids:
        return []
    # The last one again up to the next power of two, so that there are few different statements.
    places = 1 << (len(ids) - 1).bit_length()
    values = {f"id{n}": ids[min(n, len(ids) - 1)] for n in range(places)}
    return _put_together(_by_ids(places).rows(conn, values))


def now(conn: Connection, most: int) -> list[LiveCall]:
    """All calls that ring or talk, the longest first; of more than `most` rather those that ring."""
    return _put_together(_NOW.rows(conn, {"most": most}))


def foremost(calls: Iterable[LiveCall], most: int) -> list[LiveCall]:
    """At most `most` of these calls, rather those that ring; the longest first."""
    chosen = sorted(calls, key=lambda call: (call.outcome, call.started_at, call.id))[:most]
    return sorted(chosen, key=lambda call: (call.started_at, call.id))


def of_user(conn: Connection, user_id: int) -> list[LiveCall]:
    """The calls in which a phone of this person rings or talks."""
    return _put_together(_MINE.rows(conn, {"user": user_id}))


def _put_together(rows: Sequence[Any]) -> list[LiveCall]:
    calls: dict[int, Any] = {}
    legs: dict[int, list[LiveLeg]] = defaultdict(list)
    for row in rows:
        call, leg = row[: len(_CALL)], row[len(_CALL) :]
        calls[call[0]] = call
        if leg[0] is not None:
            legs[call[0]].append(LiveLeg(*leg))
    return [LiveCall(*call, *[tuple(legs[id])]) for id, call in calls.items()]


@dataclass(frozen=True, slots=True)
class Brief:
    """What the agent should know before the first word. Times are epoch ms, durations seconds."""

    calls_before: int | None
    last_talks: tuple[tuple[int, int, str], ...]
    note: str


_BEFORE = Prepared(
    select(
        Call.started_at,
        Call.duration_s,
        _person(),
    )
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
_COUNT = Prepared(select(Phone.calls).where(Phone.id == bindparam("phone_id")))
_NOTE = Prepared(
    select(Note.text)
    .where(Note.contact_id == bindparam("contact_id"))
    .order_by(Note.created_at.desc(), Note.id.desc())
    .limit(1)
)


def brief(conn: Connection, call: LiveCall) -> Brief:
    """The client's last talks with us, how many calls there were, and the last note."""
    if call.phone_id is None:
        return Brief(None, (), "")
    asked = {"phone_id": call.phone_id, "call_id": call.id, "before": call.started_at}
    talks = _BEFORE.rows(conn, asked)
    count = _COUNT.scalar(conn, {"phone_id": call.phone_id}) or 1
    note = _NOTE.scalar(conn, {"contact_id": call.contact_id}) if call.contact_id else None
    return Brief(max(count - 1, 0), tuple(talks), note or "")

"""Rows of the log: the late look-up of what is shown for a page of keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.orm import aliased

from app.models import Call, Contact, ContactPhone, Did, PbxAccount, Phone, User
from app.services.call_log.sources import Key
from app.services.ownership import default_user_id, is_person_account

RESPONSIBLE = aliased(User)


@dataclass(frozen=True)
class Row:
    """One call as the log shows it.

    `number`: E.164 with `+` where it could be understood, else as it came; empty when withheld.
    `person`: who it is, else the PBX's name of the account, else its login; `login` is the PBX's.
    """

    id: int
    callid: str
    direction: str
    outcome: str
    number: str
    number_kind: str
    phone_raw: str
    contact_id: int | None
    name: str
    company: str
    responsible: str
    login: str
    person: str
    via_number: str
    via_label: str
    started_at: int
    answered_at: int | None
    ended_at: int | None
    wait_s: int | None
    duration_s: int
    recorded: bool
    rating: int | None
    status: str
    missed_status: str


def rows(conn: Connection, keys: Sequence[Key]) -> list[Row]:
    """The rows of these calls, in the order of the keys; a call removed meanwhile is left out."""
    ids = [key.id for key in keys]
    if not ids:
        return []
    fallback = fallback_name(conn)
    found = {row.id: _row(row, fallback) for row in conn.execute(_statement().where(Call.id.in_(ids)))}
    return [found[call_id] for call_id in ids if call_id in found]


def fallback_name(conn: Connection) -> str:
    """The default user's name, under which calls of unmapped accounts are shown; empty when off."""
    default = default_user_id(conn)
    if default is None:
        return ""
    return conn.execute(select(User.name).where(User.id == default)).scalar() or ""


def person_name(name: str | None, fallback: str, real_name: str | None, login: str | None) -> str:
    """How the person behind an account is called; empty without an account."""
    return name or (fallback if login else "") or real_name or login or ""


def _statement() -> Select[*tuple[Any, ...]]:
    columns = (
        Call.id,
        Call.callid,
        Call.direction,
        Call.outcome,
        Call.phone_raw,
        Call.started_at,
        Call.answered_at,
        Call.ended_at,
        Call.wait_s,
        Call.duration_s,
        Call.recorded,
        Call.rating,
        Call.status,
        Call.missed_status,
        Phone.number,
        Phone.kind,
        Contact.id.label("contact_id"),
        Contact.name,
        Contact.company,
        RESPONSIBLE.name.label("responsible"),
        PbxAccount.login,
        PbxAccount.real_name,
        is_person_account().label("is_person"),
        User.name.label("user_name"),
        Did.number.label("via_number"),
        Did.label.label("via_label"),
    )
    of_contact = and_(ContactPhone.number == Phone.number, Phone.kind == "e164")
    return (
        select(*columns)
        .outerjoin(Phone, Phone.id == Call.phone_id)
        .outerjoin(ContactPhone, of_contact)
        .outerjoin(Contact, Contact.id == ContactPhone.contact_id)
        .outerjoin(RESPONSIBLE, RESPONSIBLE.id == Contact.responsible_id)
        .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
        .outerjoin(User, User.id == PbxAccount.user_id)
        .outerjoin(Did, Did.id == Call.did_id)
    )


def _row(row: Any, fallback: str) -> Row:
    return Row(
        id=row.id,
        callid=row.callid,
        direction=row.direction,
        outcome=row.outcome,
        number=row.number or "",
        number_kind=row.kind or "withheld",
        phone_raw=row.phone_raw,
        contact_id=row.contact_id,
        name=row.name or "",
        company=row.company or "",
        responsible=row.responsible or "",
        login=row.login or "",
        person=person_name(row.user_name, fallback if row.is_person else "", row.real_name, row.login),
        via_number=row.via_number or "",
        via_label=row.via_label or "",
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        wait_s=row.wait_s,
        duration_s=row.duration_s,
        recorded=row.recorded,
        rating=row.rating,
        status=row.status,
        missed_status=row.missed_status,
    )

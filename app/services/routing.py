"""What the PBX is told about a caller (specification 4.1.3), and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select

from app.models import Contact, ContactPhone, PbxAccount, Setting, User
from app.pbx.numbers import normalise
from app.services.prepared import Prepared

Reason = Literal[
    "withheld",
    "internal",
    "not_a_number",
    "switched_off",
    "unknown",
    "nobody_responsible",
    "person_disabled",
    "not_mapped",
    "account_disabled",
    "routed",
]


class Rehearsal(NamedTuple):
    """An answer as the PBX would get it, with the number as it was understood and the reason."""

    number: str
    answer: dict[str, str]
    reason: Reason
    contact_id: int | None
    responsible: str


@dataclass(frozen=True, slots=True)
class _Found:
    """Who a number belongs to, in one row."""

    contact_id: int
    name: str
    responsible: str | None
    person_enabled: bool | None
    login: str | None
    account_enabled: bool | None
    switch: str | None


def answer(conn: Connection, phone_raw: str | None, region: str = "RU") -> dict[str, str]:
    """The answer to `contact`: `contact_name` and `responsible` where they are certain, else `{}`.

    One indexed read. `responsible` is left out unless the person is mapped and enabled, because the PBX
    then rings that person only (specification 4.1.3).
    """
    kind, number = normalise(phone_raw, region)
    if kind != "e164":
        return {}
    return _answer(_find(conn, number))


def rehearse(conn: Connection, phone_raw: str | None, region: str = "RU") -> Rehearsal:
    """The same answer with the reason for it, for the admin to try."""
    kind, number = normalise(phone_raw, region)
    if kind != "e164":
        reasons: dict[str, Reason] = {"withheld": "withheld", "internal": "internal"}
        return Rehearsal(number, {}, reasons.get(kind, "not_a_number"), None, "")
    found = _find(conn, number)
    if found is None:
        return Rehearsal(number, {}, "unknown", None, "")
    return Rehearsal(number, _answer(found), _reason(found), found.contact_id, found.responsible or "")


def _find(conn: Connection, number: str) -> _Found | None:
    row = _QUERY.row(conn, {"number": number})
    return None if row is None else _Found(*row)


def _query() -> Select[*tuple[Any, ...]]:
    switch = select(Setting.value).where(Setting.name == "answer_contact").scalar_subquery()
    person = (User.name, User.enabled, PbxAccount.login, PbxAccount.enabled)
    return (
        select(Contact.id, Contact.name, *person, switch)
        .select_from(ContactPhone)
        .join(Contact, Contact.id == ContactPhone.contact_id)
        .outerjoin(User, User.id == Contact.responsible_id)
        .outerjoin(PbxAccount, PbxAccount.user_id == User.id)
        .where(ContactPhone.number == bindparam("number"))
        .order_by(PbxAccount.enabled.desc().nulls_last(), PbxAccount.id)
        .limit(1)
    )


_QUERY = Prepared(_query())


def _answer(found: _Found | None) -> dict[str, str]:
    if found is None or _reason(found) == "switched_off":
        return {}
    told = {"contact_name": found.name} if found.name else {}
    if _reason(found) == "routed" and found.login:
        told["responsible"] = found.login
    return told


def _reason(found: _Found) -> Reason:
    if found.switch == "false":
        return "switched_off"
    if found.responsible is None:
        return "nobody_responsible"
    if not found.person_enabled:
        return "person_disabled"
    if found.login is None:
        return "not_mapped"
    return "routed" if found.account_enabled else "account_disabled"

"""Ids of the small things a call points to: PBX users, our numbers, outside numbers. Made when first seen."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from app.models import Did, PbxAccount, Phone
from app.pbx.numbers import Number
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.upsert import insert_for, upsert
from app.services.writer import Unit

_ACCOUNT = Prepared(
    select(PbxAccount.id).where(
        PbxAccount.pbx_id == bindparam("pbx_id"), PbxAccount.login == bindparam("login")
    )
)
_DID = Prepared(select(Did.id).where(Did.number == bindparam("number")))
_PHONE = Prepared(select(Phone.id).where(Phone.number == bindparam("number")))


def account_id(unit: Unit, pbx_id: int, login: str) -> int:
    """The PBX user with this login; one known only from pushes is made without a mapping."""
    key = ("account", pbx_id, login)
    if (found := unit.cache.get(key)) is None:
        row = {"pbx_id": pbx_id, "login": login[:200]}
        found = _ACCOUNT.scalar(unit.conn, row)
        if found is None:
            statement = insert_for(unit.conn, PbxAccount).values(**row, enabled=True)
            unit.conn.execute(statement.on_conflict_do_nothing())
            found = _ACCOUNT.scalar(unit.conn, row)
            unit.changes.append(Change("accounts", found))
        unit.cache[key] = found
    return int(found)


def did_id(unit: Unit, number: str) -> int:
    """Our number, made when a call first comes through it."""
    key = ("did", number)
    if (found := unit.cache.get(key)) is None:
        row = {"number": number[:64]}
        found = _DID.scalar(unit.conn, row)
        if found is None:
            unit.conn.execute(insert_for(unit.conn, Did).values(row).on_conflict_do_nothing())
            found = _DID.scalar(unit.conn, row)
        unit.cache[key] = found
    return int(found)


def phone_id(unit: Unit, number: Number) -> int | None:
    """The outside number, made when first seen; None for a withheld one."""
    if number.kind == "withheld":
        return None
    key = ("phone", number.value)
    if (found := unit.cache.get(key)) is None:
        found = _PHONE.scalar(unit.conn, {"number": number.value[:64]})
        if found is None:
            upsert(unit.conn, Phone, {"number": number.value[:64]}, {"kind": number.kind})
            found = _PHONE.scalar(unit.conn, {"number": number.value[:64]})
        unit.cache[key] = found
    return int(found)

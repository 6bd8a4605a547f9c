"""Ids of the small things a call points to: PBX users, our numbers, outside numbers. Made when first seen."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from app.models import Did, PbxAccount, Phone
from app.pbx.numbers import Number
from app.services.changes import Change
from app.services.prepared import Prepared
from app.services.upsert import insert_for, upsert
from app.services.writer import Unit

_PHONE = Prepared(select(Phone.id).where(Phone.number == bindparam("number")))


def account_id(unit: Unit, pbx_id: int, login: str) -> int:
    """The PBX user with this login; one known only from pushes is made without a mapping."""
    key = ("account", pbx_id, login)
    if (found := unit.cache.get(key)) is None:
        where = (PbxAccount.pbx_id == pbx_id, PbxAccount.login == login[:200])
        found = unit.conn.execute(select(PbxAccount.id).where(*where)).scalar()
        if found is None:
            row = {"pbx_id": pbx_id, "login": login[:200], "enabled": True}
            statement = insert_for(unit.conn, PbxAccount).values(row).on_conflict_do_nothing()
            unit.conn.execute(statement)
            found = unit.conn.execute(select(PbxAccount.id).where(*where)).scalar_one()
            unit.changes.append(Change("accounts", found))
        unit.cache[key] = found
    return int(found)


def did_id(unit: Unit, number: str) -> int:
    """Our number, made when a call first comes through it."""
    key = ("did", number)
    if (found := unit.cache.get(key)) is None:
        where = Did.number == number[:64]
        found = unit.conn.execute(select(Did.id).where(where)).scalar()
        if found is None:
            statement = insert_for(unit.conn, Did).values(number=number[:64]).on_conflict_do_nothing()
            unit.conn.execute(statement)
            found = unit.conn.execute(select(Did.id).where(where)).scalar_one()
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

"""Ids of the small things a call points to: PBX users, our numbers, outside numbers. Made when first seen."""

from __future__ import annotations

from sqlalchemy import select

from app.models import Did, PbxAccount, Phone
from app.pbx.numbers import Number
from app.services.changes import Change
from app.services.upsert import insert_for
from app.services.writer import Unit

PHONES_KEPT = 20_000


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
        where = Phone.number == number.value[:64]
        found = unit.conn.execute(select(Phone.id).where(where)).scalar()
        if found is None:
            row = {"number": number.value[:64], "kind": number.kind}
            unit.conn.execute(insert_for(unit.conn, Phone).values(row).on_conflict_do_nothing())
            found = unit.conn.execute(select(Phone.id).where(where)).scalar_one()
        if len(unit.cache) > PHONES_KEPT:
            unit.cache.clear()
        unit.cache[key] = found
    return int(found)

"""The users of the PBX and the people behind them, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.extensions import db
from app.models import PbxAccount, User
from app.pbx.client import Account
from app.services import accounts
from app.services.connection import ensure_pbx
from app.services.writer import Unit, Writer

NINA = Account("orlova", "Орлова Нина", "105", "79000000105", "nina@pult.example")
PYOTR = Account("belov", "Белов Пётр", "106")


def writer_of(app: Flask) -> Writer:
    found: Writer = app.extensions["pult"].writer
    return found


def sync(app: Flask, *listed: Account) -> accounts.Synced:
    def job(unit: Unit) -> accounts.Synced:
        return accounts.sync(unit, ensure_pbx(unit), listed)

    return writer_of(app).submit(job)


def add_person(app: Flask, name: str, email: str, **more: Any) -> int:
    def job(unit: Unit) -> int:
        values = {"name": name, "email": email, "role": "agent", "created_at": unit.now, **more}
        return int(unit.conn.execute(insert(User).values(**values).returning(User.id)).scalar_one())

    return writer_of(app).submit(job)


def rows(app: Flask) -> dict[str, accounts.AccountRow]:
    with db.engine.connect() as conn:
        return {row.login: row for row in accounts.every(conn, 1)}


def test_a_fetch_brings_the_users_of_the_pbx(any_app: Flask) -> None:
    assert sync(any_app, NINA, PYOTR) == accounts.Synced(listed=2, added=2, gone=0)
    nina = rows(any_app)["orlova"]
    assert (nina.real_name, nina.ext, nina.telnum, nina.email) == (
        "Орлова Нина",
        "105",
        "79000000105",
        "nina@pult.example",
    )
    assert nina.state == "unmapped"
    assert not nina.from_pushes


def test_a_user_who_left_the_list_is_disabled_and_stays_mapped(any_app: Flask) -> None:
    sync(any_app, NINA, PYOTR)
    person = add_person(any_app, "Белов Пётр", "belov@pult.example")
    writer_of(any_app).write(accounts.map_account, None, rows(any_app)["belov"].id, person)
    assert sync(any_app, NINA) == accounts.Synced(listed=1, added=0, gone=1)
    gone = rows(any_app)["belov"]
    assert (gone.state, gone.user_name) == ("gone", "Белов Пётр")
    assert sync(any_app, NINA, PYOTR) == accounts.Synced(listed=2, added=0, gone=0)
    assert rows(any_app)["belov"].state == "mapped"


def test_a_field_the_pbx_leaves_out_is_not_blanked(any_app: Flask) -> None:
    sync(any_app, NINA)
    sync(any_app, Account("orlova", "Орлова Нина"))
    assert rows(any_app)["orlova"].ext == "105"


def test_a_login_seen_only_in_pushes_stays_and_is_marked(any_app: Flask) -> None:
    def push_came(unit: Unit) -> None:
        unit.conn.execute(insert(PbxAccount).values(pbx_id=ensure_pbx(unit), login="krotov"))

    writer_of(any_app).submit(push_came)
    sync(any_app, NINA)
    krotov = rows(any_app)["krotov"]
    assert krotov.from_pushes
    assert krotov.state == "unmapped"


def test_groups_and_the_switch_are_no_people(any_app: Flask) -> None:
    sync(any_app, Account("g_1234"), Account("pbx"), Account("orlova@tenant.example"))
    assert list(rows(any_app)) == ["orlova"]


def test_the_person_with_the_same_e_mail_or_name_is_suggested(any_app: Flask) -> None:
    by_email = add_person(any_app, "Н. Орлова", "Nina@Pult.example")
    by_name = add_person(any_app, "Петр Белов", "peter@pult.example")
    sync(any_app, NINA, PYOTR)
    assert rows(any_app)["orlova"].suggested_id == by_email
    assert rows(any_app)["belov"].suggested_id == by_name
    assert writer_of(any_app).write(accounts.accept_suggestions, None, 1) == 2
    assert rows(any_app)["belov"].user_name == "Петр Белов"


def test_two_people_of_one_name_are_not_guessed_between(any_app: Flask) -> None:
    add_person(any_app, "Белов Пётр", "one@pult.example")
    add_person(any_app, "Белов Пётр", "two@pult.example")
    sync(any_app, PYOTR)
    assert rows(any_app)["belov"].suggested_id is None


def test_the_disabled_are_not_suggested(any_app: Flask) -> None:
    add_person(any_app, "Белов Пётр", "one@pult.example", enabled=False)
    sync(any_app, PYOTR)
    assert rows(any_app)["belov"].suggested_id is None


def test_a_mapping_can_be_taken_back_and_is_counted(any_app: Flask) -> None:
    sync(any_app, NINA)
    account_id = rows(any_app)["orlova"].id
    person = add_person(any_app, "Орлова Нина", "nina@pult.example")
    with db.engine.connect() as conn:
        assert accounts.unmapped(conn, 1) == 1
    writer_of(any_app).write(accounts.map_account, None, account_id, person)
    with db.engine.connect() as conn:
        assert accounts.unmapped(conn, 1) == 0
        assert conn.scalar(select(PbxAccount.user_id)) == person
    writer_of(any_app).write(accounts.map_account, None, account_id, None)
    assert rows(any_app)["orlova"].state == "unmapped"


def test_nobody_unknown_can_be_mapped(any_app: Flask) -> None:
    sync(any_app, NINA)
    with pytest.raises(accounts.NoSuchAccount):
        writer_of(any_app).write(accounts.map_account, None, rows(any_app)["orlova"].id, 999)
    with pytest.raises(accounts.NoSuchAccount):
        writer_of(any_app).write(accounts.map_account, None, 999, None)

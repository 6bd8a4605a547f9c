"""The rooms of the PBX users and of our numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.extensions import db
from app.models import Did, PbxAccount, Team, User
from app.pbx.client import Account
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services.writer import Unit
from tests.personas import Actor, MakeUser

TOKEN = "TEST-PBX-TOKEN"
PEOPLE = [
    Account("orlova", "Орлова Нина", "105", "79000000105", "nina@pult.example"),
    Account("belov", "Белов Пётр", "106"),
]


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """The built-in PBX with two users."""
    fake = FakePbx(token=TOKEN, accounts=PEOPLE)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def environment(environment: dict[str, str], pbx: FakePbx) -> dict[str, str]:
    """Connected to that PBX by the environment."""
    more = {"PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_LANG": "en"}
    return {**environment, **more, "PULT_PBX_URL": pbx.base_url, "PULT_PBX_TOKEN": TOKEN}


def account_id(login: str) -> int:
    with db.engine.connect() as conn:
        return conn.execute(select(PbxAccount.id).where(PbxAccount.login == login)).scalar_one()


def person_of(login: str) -> str | None:
    with db.engine.connect() as conn:
        query = select(User.name).join(PbxAccount, PbxAccount.user_id == User.id)
        return conn.execute(query.where(PbxAccount.login == login)).scalar()


def test_fetched_users_are_mapped_and_unmapped(admin: Actor, agent: Actor) -> None:
    assert "No PBX users yet" in admin.get("/admin/accounts").get_data(as_text=True)
    text = admin.post("/admin/accounts/sync").get_data(as_text=True)
    assert "Fetched: 2 users, 2 new, 0 gone." in text
    assert "Nobody is mapped" in text
    belov = account_id("belov")
    assert admin.post(f"/admin/accounts/{belov}", {"user_id": str(agent.id)}).status_code == 303
    assert person_of("belov") == "Agent Example"
    assert admin.post(f"/admin/accounts/{belov}", {"user_id": ""}).status_code == 303
    assert person_of("belov") is None


def test_suggested_people_are_accepted_at_once(admin: Actor, make_user: MakeUser) -> None:
    make_user("agent", email="nina@pult.example", name="Нина Орлова")
    text = admin.post("/admin/accounts/sync").get_data(as_text=True)
    assert "Accept the suggestion" in text
    assert admin.post("/admin/accounts/accept").status_code == 303
    assert person_of("orlova") == "Нина Орлова"
    assert person_of("belov") is None


def test_a_person_is_made_of_a_pbx_user_with_a_one_time_link(admin: Actor) -> None:
    admin.post("/admin/accounts/sync")
    answer = admin.post(f"/admin/accounts/{account_id('orlova')}/person", {"email": ""})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "/invite/" in text
    assert "Invitation for Орлова Нина" in text
    assert person_of("orlova") == "Орлова Нина"


def test_a_person_needs_an_e_mail_of_their_own(admin: Actor) -> None:
    admin.post("/admin/accounts/sync")
    path = f"/admin/accounts/{account_id('belov')}/person"
    for email in ("", "admin@pult.example"):
        answer = admin.post(path, {"email": email})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.get_data(as_text=True)
    assert person_of("belov") is None


def test_a_fetch_that_fails_changes_nothing_and_says_why(admin: Actor, pbx: FakePbx) -> None:
    admin.post("/admin/accounts/sync")
    pbx.prepare("accounts", Reply(200, "application/json", b'{"error": "Invalid token"}'))
    answer = admin.post("/admin/accounts/sync")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 502
    assert "refused the key" in text
    assert "Орлова Нина" in text
    assert "Gone from the PBX" not in text


def test_a_user_gone_from_the_pbx_is_listed_apart(admin: Actor, pbx: FakePbx) -> None:
    admin.post("/admin/accounts/sync")
    del pbx.people["belov"]
    text = admin.post("/admin/accounts/sync").get_data(as_text=True)
    assert "2 users" not in text
    assert "Gone from the PBX" in text


@pytest.mark.parametrize(("account", "user", "status"), [(999, "", 404), (1, "999", 404), (1, "x", 400)])
def test_nonsense_is_refused(admin: Actor, account: int, user: str, status: int) -> None:
    admin.post("/admin/accounts/sync")
    assert admin.post(f"/admin/accounts/{account}", {"user_id": user}).status_code == status
    assert admin.post("/admin/accounts/999/person", {"email": "a@pult.example"}).status_code == 404


def test_a_number_gets_its_name_team_and_pops(app: Flask, admin: Actor) -> None:
    def add(unit: Unit) -> None:
        unit.conn.execute(insert(Did).values(number="+78000001001"))

    assert "No numbers yet" in admin.get("/admin/numbers").get_data(as_text=True)
    app.extensions["pult"].writer.submit(add)
    for team in ("Продажи", "Продажи"):
        answer = admin.post("/admin/numbers/1", {"label": " Авито ", "team": team})
        assert answer.status_code == 303
    text = admin.get("/admin/numbers").get_data(as_text=True)
    assert 'value="Авито"' in text
    assert 'value="Продажи"' in text
    with db.engine.connect() as conn:
        assert conn.execute(select(Did.label, Did.pops, Team.name).join(Team)).all() == [
            ("Авито", False, "Продажи")
        ]
    admin.post("/admin/numbers/1", {"label": "Авито", "team": "", "pops": "1"})
    with db.engine.connect() as conn:
        assert conn.execute(select(Did.pops, Did.team_id)).all() == [(True, None)]
    assert admin.post("/admin/numbers/999", {"label": "x"}).status_code == 404

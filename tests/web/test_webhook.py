"""POST /pbx: exactly the answers of the specification, and everything kept."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models import Call, Contact, ContactPhone, PbxAccount, Push, Refusal, User
from app.services import routing
from app.services.clock import now
from app.services.writer import Unit
from tests.pbx.samples import PUSHES

KEY = "TEST-CRM-TOKEN"
EVENT = {"cmd": "event", "type": "INCOMING", "phone": "79000000001", "user": "andy", "callid": "c-1"}
INVALID = {"error": "Invalid parameters"}


@pytest.fixture
def pbx(any_app: Flask) -> FlaskClient:
    """The PBX, in front of an application on each database."""
    return any_app.test_client()


def post(pbx: FlaskClient, body: Any = None, **kwargs: Any) -> TestResponse:
    form = {**EVENT, "crm_token": KEY} if body is None else body
    return pbx.post("/pbx", data=form, **kwargs)


def stored(app: Flask) -> list[Push]:
    app.extensions["pult"].writer.submit(lambda unit: None)  # what was posted without waiting is in, too
    db.session.rollback()
    return list(db.session.execute(select(Push).order_by(Push.id)).scalars())


@pytest.mark.parametrize("line", PUSHES, ids=lambda line: f"{line['scenario']}-{line['cmd']}")
def test_every_sample_gets_the_specified_answer(
    pbx: FlaskClient, any_app: Flask, line: dict[str, Any]
) -> None:
    form = dict(line["form"])
    if form["crm_token"] == "TEST-CRM-TOKEN":
        form["crm_token"] = KEY
    answer = post(pbx, form)
    expected = int(line["expect"][:3]) if line.get("expect", "")[:3] in ("400", "401") else 200
    assert answer.status_code == expected, answer.text
    if expected == 401:
        assert answer.json == {"error": "Invalid token"}
        assert stored(any_app) == []
        return
    assert answer.json == INVALID if expected == 400 else answer.text in ("", "{}\n")
    [push] = stored(any_app)
    assert push.state == ("ok" if expected == 200 else "refused")
    assert KEY.encode() not in push.body


def test_an_accepted_event_is_answered_200_without_a_body(pbx: FlaskClient) -> None:
    answer = post(pbx)
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("key", ["", "WRONG", "ключ", None])
def test_a_wrong_key_is_counted_and_nothing_else_is_kept(
    pbx: FlaskClient, any_app: Flask, key: str | None
) -> None:
    form = {**EVENT, **({} if key is None else {"crm_token": key})}
    for _ in range(3):
        assert post(pbx, form).status_code == 401
    assert stored(any_app) == []
    refusal = db.session.execute(select(Refusal)).scalar_one()
    assert (refusal.address, refusal.count) == ("127.0.0.1", 3)


@pytest.mark.parametrize("missing", ["cmd", "callid", "phone", "type"])
def test_what_the_specification_demands_must_be_there(pbx: FlaskClient, any_app: Flask, missing: str) -> None:
    form = {name: value for name, value in EVENT.items() if name != missing}
    answer = post(pbx, {**form, "crm_token": KEY})
    assert (answer.status_code, answer.json) == (400, INVALID)
    [push] = stored(any_app)
    assert (push.state, push.call_key_id) == ("refused", None)


@pytest.mark.parametrize("missing", ["user", "status", "duration"])
def test_what_may_be_missing_is_no_reason_to_lose_a_call(pbx: FlaskClient, missing: str) -> None:
    form = {"cmd": "history", "type": "in", "user": "a", "status": "Success", "duration": "5", "callid": "c"}
    form = {**form, "phone": "79000000001", "crm_token": KEY}
    del form[missing]
    assert post(pbx, form).status_code == 200
    assert db.session.execute(select(Call)).scalar_one().callid == "c"


def test_the_key_is_checked_before_the_parameters(pbx: FlaskClient) -> None:
    assert post(pbx, {"cmd": "nonsense", "crm_token": "WRONG"}).status_code == 401


def test_json_and_nested_payload_are_read_like_a_form(pbx: FlaskClient, any_app: Flask) -> None:
    message = {**EVENT, "crm_token": KEY}
    assert post(pbx, json.dumps(message), content_type="application/json").status_code == 200
    assert post(pbx, {"payload": json.dumps({**message, "callid": "c-2"})}).status_code == 200
    assert (
        post(pbx, urlencode({**message, "callid": "c-3"}), content_type="application/json").status_code == 200
    )
    assert [push.callid for push in stored(any_app)] == ["c-1", "c-2", "c-3"]
    assert all(KEY.encode() not in push.body for push in stored(any_app))


def test_a_body_over_64_kib_is_refused_as_too_large(pbx: FlaskClient) -> None:
    answer = post(pbx, {**EVENT, "crm_token": KEY, "extra": "x" * 65536})
    assert answer.status_code == 413
    assert "error" in (answer.json or {})


def _client_of(app: Flask, **changes: Any) -> None:
    def make(unit: Unit) -> None:
        user = {
            "email": "d@x.example",
            "name": "Daria",
            "role": "agent",
            "created_at": now(),
            "enabled": True,
        }
        user_id = unit.conn.execute(insert(User).values(user).returning(User.id)).scalar_one()
        account = {"pbx_id": 1, "login": "daria", "user_id": user_id, "enabled": True}
        unit.conn.execute(insert(PbxAccount).values(account))
        contact = {"name": "Cipollino", "responsible_id": user_id, "source": "manual", "created_at": now()}
        values = {**contact, **changes}
        contact_id = unit.conn.execute(insert(Contact).values(values).returning(Contact.id)).scalar_one()
        unit.conn.execute(insert(ContactPhone).values(number="+79000000001", contact_id=contact_id))

    app.extensions["pult"].writer.submit(make)


CONTACT = {"cmd": "contact", "phone": "79000000001", "callid": "c-1", "crm_token": KEY}


def test_contact_tells_the_name_and_who_is_responsible(pbx: FlaskClient, any_app: Flask) -> None:
    _client_of(any_app)
    answer = post(pbx, CONTACT)
    assert (answer.status_code, answer.json) == (200, {"contact_name": "Cipollino", "responsible": "daria"})
    assert [push.cmd for push in stored(any_app)] == ["contact"]


def test_contact_of_a_client_without_a_name_leaves_the_name_out(pbx: FlaskClient, any_app: Flask) -> None:
    _client_of(any_app, name="")
    assert post(pbx, CONTACT).json == {"responsible": "daria"}


@pytest.mark.parametrize("phone", ["79000000009", "anonymous", "", "101"])
def test_contact_of_a_stranger_is_an_empty_object(pbx: FlaskClient, any_app: Flask, phone: str) -> None:
    _client_of(any_app)
    answer = post(pbx, {**CONTACT, "phone": phone})
    assert (answer.status_code, answer.data.strip()) == (200, b"{}")


def test_contact_is_answered_even_when_the_look_up_breaks(
    pbx: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> dict[str, str]:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(routing, "answer", broken)
    assert post(pbx, CONTACT).json == {}


def test_get_is_not_an_entry_point(pbx: FlaskClient) -> None:
    answer = pbx.get("/pbx")
    assert answer.status_code == 405
    assert "error" in (answer.json or {})

"""Each kind of garbage that is known: its answer, its body kept, the admin's page of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Call, Push
from tests.personas import new_user

KEY = "TEST-CRM-TOKEN"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
EVENT = {
    "crm_token": KEY,
    "cmd": "event",
    "type": "INCOMING",
    "phone": "79000000001",
    "user": "andy",
    "callid": "c-1",
}
HISTORY = {**EVENT, "cmd": "history", "type": "in", "status": "Success"}
LARGEST = 64 * 1024

Answered = Callable[[bytes, str], tuple[int, bytes, str]]


def form(fields: dict[str, str] = EVENT, **more: str) -> bytes:
    return urlencode({**fields, **more}).encode()


KINDS: dict[str, tuple[bytes, str]] = {
    "windows-1251": (urlencode({**EVENT, "groupRealName": "Отдел"}, encoding="cp1251").encode(), FORM),
    "windows-1251, not escaped": (form() + "&groupRealName=Отдел".encode("cp1251"), FORM),
    "%FF": (form() + b"&x=%FF%", FORM),
    "NUL": (form(user="an\0dy", callid="c\0-1", phone="7900\0"), FORM),
    "NUL, not escaped": (form() + b"&x=\0&\0=1", FORM),
    "a lone surrogate": (json.dumps({**EVENT, "user": "\ud800", "callid": "\udfff"}).encode(), JSON),
    "a lone surrogate in a form": (form() + b"&user2=%ED%A0%80", FORM),
    "Unicode digits": (form(HISTORY, phone="٧٩٠٠٠٠٠٠٠٠١", duration="١٢", wait="１２"), FORM),
    "5,000 digits": (form(HISTORY, phone="9" * 5000, callid="8" * 5000, duration="7" * 5000), FORM),
    "a negative duration": (form(HISTORY, duration="-5", wait="-5"), FORM),
    "a start long ago": (form(HISTORY, start="00010101T000000Z"), FORM),
    "a start far ahead": (form(HISTORY, start="99991231T235959Z"), FORM),
    "10,000 fields": (form() + b"&a=" * 10_000, FORM),
    "doubled fields": (form() + b"&user=other&callid=other&cmd=history", FORM),
    "a form said to be JSON": (form(), JSON),
    "JSON said to be a form": (json.dumps(EVENT).encode(), FORM),
    "JSON": (json.dumps(EVENT).encode(), JSON),
    "nested JSON": (json.dumps({**EVENT, "extra": {"a": [1, {"b": None}]}}).encode(), JSON),
    "a nested payload": (urlencode({"payload": json.dumps(EVENT)}).encode(), FORM),
    "no content type": (form(), ""),
    "a content type of nonsense": (form(), "\x7f; charset=%00"),
    "64 KiB": (form(x="x" * (LARGEST - len(form(x="")))), FORM),
}
REFUSED: dict[str, tuple[bytes, str]] = {
    "an unknown command": (form(cmd="dance"), FORM),
    "no callid": (form(callid=""), FORM),
    "no type": (form({name: value for name, value in EVENT.items() if name != "type"}), FORM),
    "no phone": (form({name: value for name, value in EVENT.items() if name != "phone"}), FORM),
    "a key and nothing else": (form({"crm_token": KEY}), FORM),
}


def newest(app: Flask) -> Push | None:
    app.extensions["pult"].writer.submit(lambda unit: None)  # what nobody waited for is in, too
    db.session.rollback()
    return db.session.execute(select(Push).order_by(Push.id.desc()).limit(1)).scalar_one_or_none()


@pytest.fixture
def answered(any_app: Flask) -> Answered:
    """Posts a body: the status of its answer, the answer, and what became of it in the inbox."""
    admin = new_user(any_app, "admin")

    def post(body: bytes, content_type: str) -> tuple[int, bytes, str]:
        answer = any_app.test_client().post("/pbx", data=body, content_type=content_type)
        push = newest(any_app)
        assert push is not None
        assert push.body == body[:LARGEST].replace(KEY.encode(), b"")
        assert admin.get(f"/admin/inbox?id={push.id}").status_code == 200
        return answer.status_code, answer.data.strip(), push.state

    return post


def test_what_can_be_read_at_all_becomes_a_call(answered: Answered) -> None:
    for kind, (body, content_type) in KINDS.items():
        assert answered(body, content_type) == (200, b"", "ok"), kind
    calls = db.session.execute(select(Call)).scalars().all()
    assert {call.callid for call in calls} >= {"c-1"}
    assert all(call.duration_s >= 0 and (call.wait_s or 0) >= 0 for call in calls)


def test_what_says_too_little_is_refused_and_kept(answered: Answered) -> None:
    for kind, (body, content_type) in REFUSED.items():
        assert answered(body, content_type) == (400, b'{"error":"Invalid parameters"}', "refused"), kind


def test_of_a_body_that_is_too_large_the_beginning_is_kept(any_app: Flask, answered: Answered) -> None:
    body = form(x="x" * (LARGEST + 1 - len(form(x=""))))
    assert answered(body, FORM) == (413, b'{"error":"Request too large"}', "refused")
    assert ">413<" in new_user(any_app, "admin", email="other@pult.example").get("/admin/inbox").text


def test_of_a_stranger_nothing_is_kept_however_large(any_app: Flask) -> None:
    client = any_app.test_client()
    assert client.post("/pbx", data=form(crm_token="wrong"), content_type=FORM).status_code == 401
    assert client.post("/pbx", data=b"x" * (LARGEST + 1), content_type=FORM).status_code == 413
    assert newest(any_app) is None

"""The inbox: filters, pages, one push opened, and no recording's address anywhere."""

from __future__ import annotations

import re
import time
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import insert

from app.models import Push
from app.services.connection import ensure_pbx
from app.services.inbox import PAGE
from app.services.writer import Unit
from tests.personas import Actor

LINK = "https://records.example/record/tenant/2026-10-03/x/chizh_in_2026_79000001234.mp3"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """An English installation."""
    return {**environment, "PULT_LANG": "en"}


def push(app: Flask, **fields: str) -> int:
    key = {"crm_token": "TEST-CRM-TOKEN"}
    return app.test_client().post("/pbx", data={**fields, **key}).status_code


def event(callid: str, phone: str = "79000001234") -> dict[str, str]:
    return {"cmd": "event", "type": "INCOMING", "callid": callid, "phone": phone, "user": "chizh"}


def written(app: Flask) -> None:
    app.extensions["pult"].writer.submit(lambda unit: None)


def get(admin: Actor, **query: object) -> str:
    answer = admin.get(f"/admin/inbox?{urlencode(query)}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def listed(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'data-push="(\d+)"', text)]


def test_pushes_are_listed_newest_first_and_filtered(app: Flask, admin: Actor) -> None:
    assert "No pushes yet" in get(admin)
    push(app, **event("c-1"))
    push(app, **event("c-2", phone="79000009999"))
    assert push(app, cmd="event", type="INCOMING", callid="c-3") == 400
    written(app)
    assert listed(get(admin)) == [3, 2, 1]
    assert listed(get(admin, state="refused")) == [3]
    assert listed(get(admin, state="ok")) == [2, 1]
    assert listed(get(admin, cmd="history")) == []
    assert listed(get(admin, q="c-2")) == [2]
    assert listed(get(admin, q="8 900 000-12-34")) == [1]
    assert "no_phone" in get(admin, state="refused")


def test_one_push_is_opened_without_key_and_without_the_recordings_address(app: Flask, admin: Actor) -> None:
    history = {"cmd": "history", "type": "in", "callid": "c-1", "phone": "79000001234", "user": "chizh"}
    push(app, **history, status="Success", duration="61", link=LINK)
    text = get(admin, id=1)
    assert "<i>status</i>=Success" in text
    assert "<i>link</i>=•••" in text
    assert "records.example" not in text
    assert "TEST-CRM-TOKEN" not in text
    assert '/calls/1"' in text
    assert admin.get("/admin/inbox?id=999").status_code == 404


@pytest.mark.parametrize("body", [LINK.encode(), b"\xff%zz " + urlencode({"x": LINK}).encode(), b""])
def test_a_body_that_is_no_form_is_shown_as_text_without_addresses(
    app: Flask, admin: Actor, body: bytes
) -> None:
    def store(unit: Unit) -> None:
        row = {"pbx_id": ensure_pbx(unit), "received_at": unit.now, "source": "http", "state": "bad"}
        unit.conn.execute(insert(Push).values(**row, body=body, content_type="text/plain", error="<b>oops"))

    app.extensions["pult"].writer.submit(store)
    text = get(admin, id=1, state="bad")
    assert "records.example" not in text
    assert "&lt;b&gt;oops" in text


def test_a_body_as_long_as_any_is_shown_at_once(app: Flask, admin: Actor) -> None:
    """Looking for addresses in it once took half a minute of the processor, and every push waited."""
    assert push(app, **event("c-1"), extra="x" * 65_000) == 200
    written(app)
    began = time.process_time()
    assert listed(get(admin)) == [1]
    assert time.process_time() - began < 5


def test_pages_go_by_key_both_ways(app: Flask, admin: Actor) -> None:
    def fill(unit: Unit) -> None:
        row = {"pbx_id": ensure_pbx(unit), "received_at": unit.now, "source": "http", "state": "ok"}
        rows = [{**row, "body": b"cmd=event", "content_type": "", "cmd": "event"}] * (PAGE * 2 + 5)
        unit.conn.execute(insert(Push), rows)

    app.extensions["pult"].writer.submit(fill)
    first = get(admin, state="ok")
    assert listed(first) == list(range(PAGE * 2 + 5, PAGE + 5, -1))
    assert 'rel="prev"' not in first
    second = get(admin, state="ok", before=listed(first)[-1])
    third = get(admin, state="ok", before=listed(second)[-1])
    assert len(listed(third)) == 5
    assert 'rel="next"' not in third
    assert listed(get(admin, state="ok", after=listed(third)[0])) == listed(second)
    assert listed(get(admin, state="ok", after=listed(second)[0])) == listed(first)
    assert 'rel="prev"' not in get(admin, state="ok", after=listed(second)[0])


def test_nonsense_in_the_address_is_ignored(app: Flask, admin: Actor) -> None:
    push(app, **event("c-1"))
    for query in ({"before": "x"}, {"after": "-1"}, {"state": "'"}, {"cmd": "%"}, {"before": 10**30}):
        assert listed(get(admin, **query)) == [1]


def test_wrong_keys_are_listed_by_address(app: Flask, admin: Actor) -> None:
    for _ in range(3):
        app.test_client().post("/pbx", data={**event("c-1"), "crm_token": "wrong"})
    written(app)
    text = get(admin)
    assert "Wrong keys" in text
    assert "127.0.0.1" in text
    assert listed(text) == []

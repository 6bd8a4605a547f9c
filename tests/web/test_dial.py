"""POST /dial: what the page is told, and what the PBX hears."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import insert, update

from app.models import PbxAccount
from app.pbx.client import Account as PbxUser
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services import connection, dialing, secrets
from app.services.connection import ensure_pbx
from app.services.writer import Unit
from tests.personas import Actor
from tests.services.rude_pbx import closed_port, rude_pbx, silent

TOKEN = "TEST-PBX-TOKEN"
TYPED = "8 (900) 000-20-07"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The PBX of the tests is on loopback."""
    return {**environment, "PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_LANG": "en"}


@pytest.fixture
def pbx(app: Flask) -> Iterator[FakePbx]:
    """The built-in PBX, connected as by the admin."""
    fake = FakePbx(token=TOKEN, accounts=[PbxUser("chizh", "Чижиков Сергей", "104")], speed=1000)
    fake.start()
    connect(app, fake.url)
    yield fake
    fake.stop()


def connect(app: Flask, url: str) -> None:
    runtime = app.extensions["pult"]
    token = secrets.encrypt(runtime.settings.data_dir, TOKEN.encode())
    runtime.writer.write(connection.save_address, None, url, token)


@pytest.fixture
def caller(app: Flask, agent: Actor) -> Actor:
    """An agent with a user of the PBX."""
    connect_person(app, agent)
    return agent


def connect_person(app: Flask, person: Actor) -> None:
    def add(unit: Unit) -> None:
        login = "chizh" if person.role == "agent" else person.role
        values = {"pbx_id": ensure_pbx(unit), "login": login, "user_id": person.id}
        unit.conn.execute(insert(PbxAccount).values(**values))

    app.extensions["pult"].writer.submit(add)


def form(intent: str = "", phone: str = TYPED) -> dict[str, str]:
    return {"phone": phone, "intent": intent or str(uuid4())}


def calls(pbx: FakePbx) -> int:
    return sum(command["cmd"] == "makeCall" for command in pbx.commands_heard)


def test_the_answer_is_the_state_and_the_next_intent(caller: Actor, pbx: FakePbx) -> None:
    wish = form()
    answer = caller.htmx("POST", "/dial", wish)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'data-dial="accepted"' in text
    assert f'id="dial-{wish["intent"]}"' in text
    [swap] = re.findall(r'id="intent-([0-9a-f-]{36})".*hx-swap-oob="outerHTML:#intent-([0-9a-f-]{36})"', text)
    assert swap[0] != wish["intent"]
    assert swap[1] == wish["intent"]
    assert calls(pbx) == 1


def test_twenty_posts_of_one_click_make_one_call(app: Flask, caller: Actor, pbx: FakePbx) -> None:
    pbx.prepare("makeCall", Reply(200, "text/plain", b""), delay_s=0.3)
    wish = form() | {"csrf_token": caller.csrf_token()}
    states: list[str] = []

    def click() -> None:
        browser = app.test_client()
        browser.set_cookie("pult", caller.cookie)
        text = browser.post("/dial", data=wish, headers={"HX-Request": "true"}).get_data(as_text=True)
        states.extend(re.findall(r'data-dial="(\w+)"', text))

    clicks = [threading.Thread(target=click) for _ in range(20)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(60)
    assert calls(pbx) == 1
    assert len(states) == 20
    assert set(states) <= {"sent", "accepted"}
    assert "accepted" in states


def test_a_repeat_after_the_answer_gets_the_same_state(caller: Actor, pbx: FakePbx) -> None:
    wish = form()
    for _ in range(2):
        assert 'data-dial="accepted"' in caller.htmx("POST", "/dial", wish).get_data(as_text=True)
    assert calls(pbx) == 1


def test_a_double_click_with_two_intents_makes_one_call(caller: Actor, pbx: FakePbx) -> None:
    caller.htmx("POST", "/dial", form())
    second = caller.htmx("POST", "/dial", form())
    assert "being dialled already" in second.get_data(as_text=True)
    assert caller.post("/dial", form()).status_code == 409
    assert calls(pbx) == 1


def test_a_form_without_htmx_gets_a_page(caller: Actor, pbx: FakePbx) -> None:
    answer = caller.post("/dial", form())
    assert answer.status_code == 200
    assert "Your phone rings" in answer.get_data(as_text=True)


def test_what_is_no_number_is_said_clearly(caller: Actor, pbx: FakePbx) -> None:
    answer = caller.post("/dial", form(phone="позвони Фёдору"))
    assert answer.status_code == 422
    assert "does not look like a number" in answer.get_data(as_text=True)
    assert calls(pbx) == 0


def test_a_person_without_a_pbx_user_is_told_so(agent: Actor, pbx: FakePbx) -> None:
    answer = agent.post("/dial", form())
    assert answer.status_code == 422
    assert "You have no user in the PBX" in answer.get_data(as_text=True)


def test_without_a_pbx_nothing_is_promised(caller: Actor) -> None:
    assert "not connected" in caller.htmx("POST", "/dial", form()).get_data(as_text=True)


@pytest.mark.parametrize("intent", ["1", "'><script>"])
def test_an_intent_that_is_no_uuid_dials_nothing(caller: Actor, pbx: FakePbx, intent: str) -> None:
    answer = caller.post("/dial", form(intent=intent))
    assert answer.status_code == 422
    assert "<script>" not in answer.get_data(as_text=True).split("<main", 1)[1]
    assert calls(pbx) == 0


def test_an_answer_that_is_late_corrects_the_state(app: Flask, caller: Actor, pbx: FakePbx) -> None:
    app.config["DIAL_PATIENCE_S"] = 0.1
    pbx.prepare("makeCall", Reply(200, "text/plain", b""), delay_s=1)
    wish = form()
    first = caller.htmx("POST", "/dial", wish).get_data(as_text=True)
    assert 'data-dial="sent"' in first
    assert "No answer from the PBX yet" in first
    text = first
    while 'data-dial="sent"' in text or "No answer" in text:
        text = caller.htmx("GET", f"/dial/{wish['intent']}").get_data(as_text=True)
    assert "innerHTML:#dial-" + wish["intent"] in text
    assert "your phone rings" in text


def test_a_silent_pbx_leaves_the_outcome_open(app: Flask, caller: Actor) -> None:
    app.config["DIAL_TOTAL_S"] = 0.3
    with rude_pbx(silent) as url:
        connect(app, url)
        text = caller.htmx("POST", "/dial", form()).get_data(as_text=True)
    assert 'data-dial="unknown"' in text
    assert "Unclear whether" in text


def test_a_dead_pbx_is_a_plain_refusal(app: Flask, caller: Actor) -> None:
    connect(app, closed_port())
    answer = caller.post("/dial", form())
    assert answer.status_code == 409
    assert "No connection to the PBX" in answer.get_data(as_text=True)


def test_the_key_follows_no_redirect(caller: Actor, pbx: FakePbx) -> None:
    pbx.prepare("makeCall", Reply(301, "text/html", b""))
    assert "not the PBX" in caller.htmx("POST", "/dial", form()).get_data(as_text=True)
    assert calls(pbx) == 1


def test_another_persons_dial_is_not_shown(
    app: Flask, caller: Actor, supervisor: Actor, pbx: FakePbx
) -> None:
    wish = form()
    caller.htmx("POST", "/dial", wish)
    assert supervisor.htmx("GET", f"/dial/{wish['intent']}").status_code == 404
    connect_person(app, supervisor)
    assert "out of date" in supervisor.htmx("POST", "/dial", wish).get_data(as_text=True)
    assert calls(pbx) == 1


def test_a_dial_left_over_by_a_dead_process_is_unknown(app: Flask, caller: Actor, pbx: FakePbx) -> None:
    app.config["DIAL_PATIENCE_S"] = 0
    writer = app.extensions["pult"].writer
    wish = form()
    pbx.prepare("makeCall", Reply(200, "text/plain", b""), delay_s=60)
    caller.htmx("POST", "/dial", wish)
    older = {"created_at": dialing.DialIntent.created_at - dialing.LOST_MS}
    writer.submit(lambda unit: unit.conn.execute(update(dialing.DialIntent).values(**older)).rowcount)
    writer.write(dialing.recover)
    text = caller.htmx("GET", f"/dial/{wish['intent']}").get_data(as_text=True)
    assert "Unclear whether" in text
    assert calls(pbx) == 1


def test_strangers_and_forged_forms_dial_nothing(caller: Actor, stranger: Actor, pbx: FakePbx) -> None:
    assert stranger.post("/dial", form()).status_code in (303, 401)
    assert caller.client.post("/dial", data=form()).status_code == 400
    assert calls(pbx) == 0

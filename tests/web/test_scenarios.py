"""The scenarios of the specification, section 4.3, from the PBX's pushes to the people's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.services import clock, reactions
from tests.personas import Actor, MakeUser
from tests.scene import Scene

CLIENT = "+79000001234"
LATER_MS = 60_000


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


@pytest.fixture
def senior(make_user: MakeUser, scene: Scene) -> Actor:
    person = make_user("supervisor", name="Старшая Анна", email="senior@pult.example")
    scene.switch(missed_makes_contact=True, senior_user=person.id)
    return person


def push(client: FlaskClient, cmd: str, callid: str, **fields: str) -> None:
    form = {"crm_token": "TEST-CRM-TOKEN", "cmd": cmd, "callid": callid, "phone": "79000001234", **fields}
    assert client.post("/pbx", data=form).status_code == 200


def react(scene: Scene) -> None:
    """The jobs' next round, a minute later."""
    reactions.run_due(scene.writer, db.engine, clock.now() + LATER_MS)


def test_a_missed_call_becomes_the_senior_managers_until_somebody_talks(
    client: FlaskClient, make_user: MakeUser, senior: Actor, scene: Scene
) -> None:
    nina = make_user("agent", name="Нина Орлова", email="nina@pult.example")
    scene.account("orlova", nina.id)
    push(client, "event", "one", type="INCOMING", user="orlova")
    push(client, "history", "one", type="in", user="pbx", status="missed", duration="12")
    react(scene)
    made = scene.contact_of(CLIENT)
    assert made.responsible_id == senior.id
    assert f'href="/contacts/{made.id}"' in senior.get("/desk").get_data(as_text=True)
    assert CLIENT in senior.get("/missed").get_data(as_text=True)

    later = datetime.now(UTC) + timedelta(seconds=2)
    talk = {"user": "orlova", "status": "Success", "duration": "40", "start": f"{later:%Y%m%dT%H%M%SZ}"}
    push(client, "history", "two", type="out", **talk)
    react(scene)
    assert scene.contact_of(CLIENT).responsible_id == nina.id
    assert f'href="/contacts/{made.id}"' not in senior.get("/desk").get_data(as_text=True)
    assert CLIENT not in senior.get("/missed").get_data(as_text=True)
    asked = client.post(
        "/pbx",
        data={"crm_token": "TEST-CRM-TOKEN", "cmd": "contact", "callid": "x", "phone": "79000001234"},
    )
    assert asked.get_json() == {"responsible": "orlova"}


def test_a_call_repaired_to_answered_gives_the_client_to_the_one_who_talked(
    client: FlaskClient, make_user: MakeUser, senior: Actor, scene: Scene
) -> None:
    nina = make_user("agent", email="nina@pult.example")
    scene.account("orlova", nina.id)
    push(client, "history", "one", type="in", user="pbx", status="missed", duration="12")
    react(scene)
    assert scene.contact_of(CLIENT).responsible_id == senior.id
    push(client, "history", "one", type="in", user="orlova", status="Success", duration="40")
    react(scene)
    assert scene.contact_of(CLIENT).responsible_id == nina.id
    assert scene.contacts() == 1


def test_an_outgoing_call_makes_a_contact_of_the_one_who_dialled(
    client: FlaskClient, make_user: MakeUser, scene: Scene
) -> None:
    nina = make_user("agent", email="nina@pult.example")
    scene.account("orlova", nina.id)
    scene.switch(outgoing_makes_contact=True)
    push(client, "history", "one", type="out", user="orlova", status="Busy", duration="0")
    react(scene)
    assert scene.contact_of(CLIENT).responsible_id == nina.id


def test_calls_of_unmapped_pbx_users_stand_in_the_default_users_log(
    client: FlaskClient, agent: Actor, scene: Scene
) -> None:
    push(client, "history", "one", type="in", user="krotov", status="Success", duration="40")
    assert 'data-callid="one"' not in agent.get("/calls").get_data(as_text=True)
    scene.switch(keep_unmapped=True, default_user=agent.id)
    assert 'data-callid="one"' in agent.get("/calls").get_data(as_text=True)

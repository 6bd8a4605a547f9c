"""What stands beside an agent's calls: colleagues, and clients given to the agent."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.calls_made import Calls
from tests.personas import Actor, MakeUser


@pytest.fixture
def calls(app: Flask) -> Calls:
    return Calls(app)


def test_colleagues_on_the_phone_come_first(calls: Calls, agent: Actor, make_user: MakeUser) -> None:
    for login in ("anna", "boris", "vera"):
        calls.map(login, make_user("agent", name=login.title(), email=f"{login}@pult.example").id)
    calls.push(cmd="event", type="INCOMING", callid="ring", user="boris", phone="79000000001", direction="in")
    for type in ("INCOMING", "ACCEPTED"):
        calls.push(cmd="event", type=type, callid="talk", user="vera", phone="79000000002", direction="in")
    page = agent.get("/desk/around").text
    assert re.findall("Anna|Boris|Vera", page) == ["Vera", "Boris", "Anna"]
    assert "Vera" in agent.get("/desk").text


def test_nobody_is_a_colleague_of_theirs(calls: Calls, agent: Actor) -> None:
    calls.map("mine", agent.id)
    assert 'id="colleague-' not in agent.get("/desk/around").text


def test_somebody_without_a_phone_is_told_so(calls: Calls, agent: Actor) -> None:
    assert 'id="dial-box"' not in agent.get("/desk").text
    calls.map("mine", agent.id)
    assert 'id="dial-box"' in agent.get("/desk").text


def test_strangers_see_nothing_of_it(client: FlaskClient) -> None:
    assert client.get("/desk/around").status_code in (302, 303, 401)

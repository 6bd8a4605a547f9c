"""Missed calls that wait, in the browser's eyes."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.extensions import db
from app.services import clock, reactions
from tests.personas import Actor, MakeUser
from tests.scene import MINUTE, NOW, Scene

CLIENT = "+79000001234"
OTHER = "+79000005678"


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


@pytest.fixture
def nina(make_user: MakeUser, scene: Scene) -> Actor:
    person = make_user("agent", name="Нина Орлова", email="nina@pult.example")
    scene.account("orlova", person.id)
    return person


@pytest.fixture
def belov(make_user: MakeUser, scene: Scene) -> Actor:
    person = make_user("agent", name="Белов Пётр", email="belov@pult.example")
    scene.account("belov", person.id)
    return person


def missed(scene: Scene, phone: str, *logins: str, ago: float = 10) -> int:
    """A missed call so many minutes ago; returns the id of its number."""
    scene.call("in", "missed", phone, *logins, at=(clock.now() - NOW) / MINUTE - ago)
    reactions.run_due(scene.writer, db.engine, clock.now())
    found = scene.phone_id(phone)
    assert found is not None
    return found


def waiting(actor: Actor, path: str = "/missed") -> list[str]:
    answer = actor.get(path)
    assert answer.status_code == 200
    return re.findall(r'data-number="([^"]+)"', answer.get_data(as_text=True))


def test_the_longest_waiting_client_stands_first(nina: Actor, scene: Scene) -> None:
    missed(scene, CLIENT, "orlova", ago=5)
    missed(scene, OTHER, "orlova", ago=50)
    assert waiting(nina) == [OTHER, CLIENT]


def test_an_agent_sees_the_own_debts_and_a_supervisor_all(
    nina: Actor, belov: Actor, supervisor: Actor, scene: Scene
) -> None:
    missed(scene, CLIENT, "belov")
    assert (waiting(nina), waiting(belov), waiting(supervisor)) == ([], [CLIENT], [CLIENT])


def test_somebody_takes_a_client_and_the_others_see_who(nina: Actor, belov: Actor, scene: Scene) -> None:
    phone_id = missed(scene, CLIENT, "belov", "orlova")
    assert nina.post(f"/missed/{phone_id}/take").location == "/missed"
    assert "Нина Орлова" in belov.get("/missed").get_data(as_text=True)
    assert waiting(nina, "/missed?whose=mine") == [CLIENT]
    assert waiting(belov, "/missed?whose=mine") == []
    refused = belov.post(f"/missed/{phone_id}/take")
    assert refused.status_code == 409
    assert "Нина Орлова" in refused.get_data(as_text=True)
    nina.post(f"/missed/{phone_id}/release", {"whose": "mine"})
    assert waiting(nina, "/missed?whose=mine") == []
    assert belov.post(f"/missed/{phone_id}/take").status_code == 303


def test_a_client_who_is_done_leaves_the_list(nina: Actor, scene: Scene) -> None:
    phone_id = missed(scene, CLIENT, "orlova")
    assert nina.post(f"/missed/{phone_id}/done").status_code == 303
    assert waiting(nina) == []
    assert nina.post(f"/missed/{phone_id}/done").status_code == 404


def test_nobody_takes_what_is_not_theirs_to_see(nina: Actor, scene: Scene) -> None:
    phone_id = missed(scene, CLIENT, "belov")
    for deed in ("take", "release", "done"):
        assert nina.post(f"/missed/{phone_id}/{deed}").status_code == 404
    assert nina.post("/missed/99999999999999999999/take").status_code == 404


def test_a_line_can_be_called_back_once_by_each_button(nina: Actor, scene: Scene) -> None:
    missed(scene, CLIENT, "orlova")
    intents = [
        re.findall(
            r'name="intent" id="[^"]*" value="([0-9a-f-]{36})"', nina.get("/missed").get_data(as_text=True)
        )
        for _ in range(2)
    ]
    assert [len(found) for found in intents] == [1, 1]
    assert intents[0] != intents[1]


def test_an_attempt_under_way_is_shown_instead_of_the_button(nina: Actor, scene: Scene) -> None:
    missed(scene, CLIENT, "orlova")
    scene.call("out", "ringing", CLIENT, "belov", at=(clock.now() - NOW) / MINUTE, due=False)
    page = nina.get("/missed").get_data(as_text=True)
    assert "belov" in page
    assert 'action="/dial"' not in page


def test_a_name_of_a_client_is_text(nina: Actor, scene: Scene) -> None:
    scene.contact(CLIENT, "<script>alert(1)</script>")
    missed(scene, CLIENT, "orlova")
    assert "<script>alert" not in nina.get("/missed").get_data(as_text=True)


def test_an_empty_list_says_so(nina: Actor, stranger: Actor) -> None:
    assert waiting(nina) == []
    assert stranger.get("/missed").location.startswith("/login")


def test_the_menu_counts_those_who_wait(nina: Actor, belov: Actor, supervisor: Actor, scene: Scene) -> None:
    assert nina.get("/missed/count").text == ""
    missed(scene, CLIENT, "orlova")
    missed(scene, OTHER, "belov")
    assert [actor.get("/missed/count").text for actor in (nina, belov, supervisor)] == ["1", "1", "2"]

"""Contacts in the browser's eyes."""

from __future__ import annotations

import csv
import html
import io

import pytest
from flask import Flask
from sqlalchemy import select

from app.models import Audit, Contact
from tests.personas import Actor, MakeUser
from tests.scene import Scene

CLIENT = "+79000001234"
OTHER = "+79000005678"


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def text(actor: Actor, path: str, status: int = 200) -> str:
    answer = actor.get(path)
    assert answer.status_code == status
    return html.unescape(answer.get_data(as_text=True))


def test_a_contact_is_made_from_the_list_and_has_a_card(agent: Actor, scene: Scene) -> None:
    answer = agent.post("/contacts", {"name": "Фёдор", "phone": "8 900 000-12-34", "company": "Хлеб"})
    made = scene.contact_of(CLIENT)
    assert (answer.status_code, answer.location) == (303, f"/contacts/{made.id}")
    assert (made.name, made.company, made.created_by, made.source) == ("Фёдор", "Хлеб", agent.id, "manual")
    page = text(agent, f"/contacts/{made.id}")
    assert "Фёдор" in page
    assert f'value="{CLIENT}"' in page


def test_a_form_that_is_refused_comes_back_with_what_was_typed(agent: Actor, scene: Scene) -> None:
    owner = scene.contact(CLIENT, "Фёдор")
    answer = agent.post("/contacts", {"name": "Зоя", "phone": CLIENT})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="/contacts/{owner}"' in page
    assert 'value="Зоя"' in page
    assert agent.post("/contacts", {"name": "Зоя", "phone": "101"}).status_code == 422
    assert scene.contacts() == 1


def test_a_screen_pop_makes_a_contact_and_stays_where_it_is(agent: Actor, scene: Scene) -> None:
    answer = agent.htmx("POST", "/contacts", {"phone": CLIENT, "name": "Фёдор"})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert 'hx-swap-oob="beforeend:#notices"' in page
    assert f'href="/contacts/{scene.contact_of(CLIENT).id}"' in page


def test_a_screen_pop_hears_why_no_contact_was_made(agent: Actor, scene: Scene) -> None:
    owner = scene.contact(CLIENT, "Фёдор")
    answer = agent.htmx("POST", "/contacts", {"phone": CLIENT, "name": "Зоя"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert f'href="/contacts/{owner}"' in answer.get_data(as_text=True)
    assert scene.contacts() == 1


def test_the_card_is_changed_with_one_more_number(agent: Actor, scene: Scene) -> None:
    nina = scene.person("Нина")
    made = scene.contact(CLIENT, "Федя")
    form = {"name": "Фёдор", "company": "Хлеб", "responsible_id": str(nina), "phone": "8 900 000 56 78"}
    assert agent.post(f"/contacts/{made}", form).status_code == 303
    changed = scene.contact_of(OTHER)
    assert (changed.id, changed.name, changed.responsible_id) == (made, "Фёдор", nina)


def test_a_number_of_another_contact_changes_nothing_and_offers_to_join(agent: Actor, scene: Scene) -> None:
    made, other = scene.contact(CLIENT, "Федя"), scene.contact(OTHER, "Зоя")
    answer = agent.post(f"/contacts/{made}", {"name": "Фёдор", "phone": OTHER})
    assert answer.status_code == 422
    assert f'href="/contacts/{other}"' in answer.get_data(as_text=True)
    assert scene.contact_of(CLIENT).name == "Федя"
    assert agent.post(f"/contacts/{made}/merge", {"other": OTHER}).location == f"/contacts/{made}"
    assert scene.contact_of(OTHER).id == made
    assert agent.get(f"/contacts/{other}").location == f"/contacts/{made}"
    assert "contacts.merged" in scene.one(select(Audit.action))


@pytest.mark.parametrize("number", [CLIENT, "+79000009999", "101"])
def test_a_contact_cannot_be_joined_with_itself_or_with_nobody(
    agent: Actor, scene: Scene, number: str
) -> None:
    made = scene.contact(CLIENT, "Фёдор")
    assert agent.post(f"/contacts/{made}/merge", {"other": number}).status_code == 422
    assert scene.one(select(Contact.merged_into)) is None


def test_a_number_is_taken_away(agent: Actor, scene: Scene) -> None:
    made = scene.contact(CLIENT, "Фёдор")
    agent.post(f"/contacts/{made}/numbers/remove", {"number": CLIENT})
    assert scene.contact_of(CLIENT) is None
    assert agent.get(f"/contacts/{made}").status_code == 200


def test_a_note_is_shown_with_its_author(make_user: MakeUser, scene: Scene) -> None:
    nina = make_user("agent", name="Нина Орлова")
    made = scene.contact(CLIENT, "Фёдор")
    assert nina.post(f"/contacts/{made}/notes", {"text": "<b>Любит ржаной</b>"}).status_code == 303
    page = nina.get(f"/contacts/{made}").get_data(as_text=True)
    assert "&lt;b&gt;Любит ржаной&lt;/b&gt;" in page
    assert "Нина Орлова" in page
    assert nina.post(f"/contacts/{made}/notes", {"text": " "}).status_code == 422


def test_the_card_links_only_calls_the_reader_may_open(agent: Actor, supervisor: Actor, scene: Scene) -> None:
    scene.account("belov", agent.id)
    made = scene.contact(CLIENT, "Фёдор")
    own = scene.call("in", "answered", CLIENT, "belov", at=-10)
    others = scene.call("in", "answered", CLIENT, "orlova", at=-5)
    page = text(agent, f"/contacts/{made}")
    assert f'href="/calls/{own}"' in page
    assert f'href="/calls/{others}"' not in page
    assert f'href="/calls/{others}"' in text(supervisor, f"/contacts/{made}")


def test_only_those_with_a_phone_get_dial_buttons(agent: Actor, scene: Scene) -> None:
    made = scene.contact(CLIENT, "Фёдор")
    assert 'action="/dial"' not in text(agent, f"/contacts/{made}")
    scene.account("belov", agent.id)
    assert 'action="/dial"' in text(agent, f"/contacts/{made}")


def test_the_list_is_searched_and_read_in_pages(agent: Actor, scene: Scene) -> None:
    for number in range(51):
        scene.contact(f"+7900000{number:04}", f"Клиент {number:02}")
    first = text(agent, "/contacts")
    assert "Клиент 50" in first
    assert "Клиент 00" not in first
    older = first.split('rel="next" href="')[1].split('"')[0]
    assert "Клиент 00" in text(agent, older)
    found = text(agent, "/contacts?q=лиент 07")
    assert "Клиент 07" in found
    assert "Клиент 08" not in found


def test_an_unknown_contact_is_not_found(agent: Actor) -> None:
    for path in ("/contacts/999", "/contacts/99999999999999999999"):
        assert agent.get(path).status_code == 404
    for deed in ("", "/notes", "/merge", "/numbers/remove"):
        assert agent.post(f"/contacts/999{deed}", {"name": "x"}).status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "q=%22", "before=x", "before=99999999999999", "responsible=-1"])
def test_a_strange_address_shows_a_list(agent: Actor, scene: Scene, query: str) -> None:
    scene.contact(CLIENT, "Фёдор")
    assert agent.get(f"/contacts?{query}").status_code == 200


@pytest.mark.parametrize("person", ["x", "-1", "99999999999999"])
def test_a_strange_responsible_is_refused(agent: Actor, scene: Scene, person: str) -> None:
    made = scene.contact(CLIENT, "Фёдор")
    assert agent.post(f"/contacts/{made}", {"name": "x", "responsible_id": person}).status_code == 400


def test_the_file_is_for_supervisors_and_written_down(agent: Actor, supervisor: Actor, scene: Scene) -> None:
    scene.contact(CLIENT, "=1+1", company="Хлеб", responsible_id=scene.person("Нина", "orlova"))
    assert agent.get("/contacts.csv").status_code == 403
    answer = supervisor.get("/contacts.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True), newline="")))
    assert rows == [["name", "phones", "company", "responsible"], ["'=1+1", CLIENT, "Хлеб", "orlova"]]
    assert scene.one(select(Audit.action)) == "contacts.exported"


def test_strangers_see_no_contact(stranger: Actor, scene: Scene) -> None:
    made = scene.contact(CLIENT, "Фёдор")
    for path in ("/contacts", f"/contacts/{made}", "/contacts.csv"):
        assert stranger.get(path).location.startswith("/login")
    assert stranger.post("/contacts", {"phone": OTHER}).status_code in (303, 400, 401)
    assert scene.contacts() == 1

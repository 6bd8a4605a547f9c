"""What the PBX is answered to `contact`, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from app.extensions import db
from app.services import contacts, routing
from tests.scene import Scene
from tests.statements import statements_of

CLIENT = "+79000001234"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def answer(scene: Scene, phone: str | None) -> dict[str, str]:
    return scene.read(routing.answer, phone)


def reason(scene: Scene, phone: str) -> str:
    return scene.read(routing.rehearse, phone).reason


def test_a_known_client_is_named_and_led_to_the_responsible_person(scene: Scene) -> None:
    nina = scene.person("Нина", "orlova")
    scene.contact(CLIENT, "Фёдор Простоквашин", responsible_id=nina)
    expected = {"contact_name": "Фёдор Простоквашин", "responsible": "orlova"}
    for written in ("79000001234", "89000001234", " 79000001234", "+7 900 000-12-34", "9000001234"):
        assert answer(scene, written) == expected
    assert reason(scene, CLIENT) == "routed"


def test_a_contact_without_a_name_leaves_the_name_out(scene: Scene) -> None:
    scene.contact(CLIENT, responsible_id=scene.person("Нина", "orlova"))
    assert answer(scene, CLIENT) == {"responsible": "orlova"}


def test_a_contact_nobody_is_responsible_for_has_a_name_only(scene: Scene) -> None:
    scene.contact(CLIENT, "Фёдор")
    assert answer(scene, CLIENT) == {"contact_name": "Фёдор"}
    assert reason(scene, CLIENT) == "nobody_responsible"


def test_a_person_without_a_pbx_user_is_not_named(scene: Scene) -> None:
    scene.contact(CLIENT, "Фёдор", responsible_id=scene.person("Нина"))
    assert answer(scene, CLIENT) == {"contact_name": "Фёдор"}
    assert reason(scene, CLIENT) == "not_mapped"


def test_a_disabled_person_gets_no_calls(scene: Scene) -> None:
    nina = scene.person("Нина", "orlova")
    scene.contact(CLIENT, "Фёдор", responsible_id=nina)
    scene.disable(nina)
    assert answer(scene, CLIENT) == {"contact_name": "Фёдор"}
    assert reason(scene, CLIENT) == "person_disabled"


def test_a_pbx_user_who_left_the_pbx_gets_no_calls(scene: Scene) -> None:
    nina = scene.person("Нина")
    scene.account("orlova", nina, enabled=False)
    scene.contact(CLIENT, "Фёдор", responsible_id=nina)
    assert answer(scene, CLIENT) == {"contact_name": "Фёдор"}
    assert reason(scene, CLIENT) == "account_disabled"
    scene.account("orlova2", nina)
    assert answer(scene, CLIENT)["responsible"] == "orlova2"


@pytest.mark.parametrize(
    ("phone", "why"),
    [
        ("", "withheld"),
        ("anonymous", "withheld"),
        ("101", "internal"),
        ("абв", "not_a_number"),
        ("79000009999", "unknown"),
    ],
)
def test_in_doubt_the_answer_is_empty(scene: Scene, phone: str, why: str) -> None:
    assert answer(scene, phone) == {}
    assert reason(scene, phone) == why


def test_no_phone_at_all_is_withheld(scene: Scene) -> None:
    assert answer(scene, None) == {}


def test_the_switch_turns_the_answers_off(scene: Scene) -> None:
    scene.contact(CLIENT, "Фёдор", responsible_id=scene.person("Нина", "orlova"))
    scene.switch(answer_contact=False)
    assert answer(scene, CLIENT) == {}
    assert reason(scene, CLIENT) == "switched_off"
    scene.switch(answer_contact=True)
    assert answer(scene, CLIENT)["responsible"] == "orlova"


def test_the_number_of_a_merged_contact_answers_for_the_one_that_was_kept(scene: Scene) -> None:
    kept = scene.contact("+79000001111", "Фёдор")
    other = scene.contact(CLIENT, "Федя")
    scene.writer.write(contacts.merge, kept, other)
    assert answer(scene, CLIENT) == {"contact_name": "Фёдор"}


def test_an_answer_is_one_query(scene: Scene) -> None:
    scene.contact(CLIENT, "Фёдор", responsible_id=scene.person("Нина", "orlova"))
    with db.engine.connect() as conn, statements_of(conn) as asked:
        routing.answer(conn, CLIENT)
    assert len(asked) == 1

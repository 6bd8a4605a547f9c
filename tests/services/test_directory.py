"""Contacts: found, made, changed, merged, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from app.services import contact_calls, contact_notes, contacts, directory
from app.services.contacts import ContactError
from app.services.note_text import BadNote
from tests.scene import Scene

CLIENT = "+79000001234"
OTHER = "+79000005678"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def found(scene: Scene, q: str) -> list[str]:
    return [line.name for line in scene.read(directory.listed, q=q)]


def refused(scene: Scene, function: object, *args: object, **kwargs: object) -> ContactError:
    with pytest.raises(ContactError) as caught:
        scene.writer.write(function, *args, **kwargs)  # type: ignore[arg-type]
    return caught.value


def test_a_contact_is_found_by_any_of_its_numbers(scene: Scene) -> None:
    nina = scene.person("Нина", "orlova")
    made = scene.contact("8 (900) 000-12-34", "Фёдор", company="Хлеб", responsible_id=nina)
    scene.writer.write(contacts.add_number, made, "900 000-56-78")
    for number in (CLIENT, OTHER):
        assert scene.read(directory.find, number) == directory.Found(made, "Фёдор", "Хлеб", nina, "Нина")
    assert scene.read(directory.find, "+79000000000") is None


def test_a_number_belongs_to_one_contact(scene: Scene) -> None:
    owner = scene.contact(CLIENT, "Фёдор")
    other = scene.contact(OTHER, "Зоя")
    error = refused(scene, contacts.create, contacts.NewContact(phones=["89000001234"], name="Ещё один"))
    assert (error.code, error.contact_id) == ("number_taken", owner)
    assert refused(scene, contacts.add_number, other, CLIENT).contact_id == owner
    assert scene.contacts() == 2


def test_the_own_number_added_again_is_no_error(scene: Scene) -> None:
    owner = scene.contact(CLIENT, "Фёдор")
    assert scene.writer.write(contacts.add_number, owner, "8 900 000 12 34") == CLIENT
    assert len(scene.read(directory.card, owner).numbers) == 1


@pytest.mark.parametrize("phone", ["", "anonymous", "101", "hello", "+7900"])
def test_what_is_no_outside_number_is_refused(scene: Scene, phone: str) -> None:
    assert refused(scene, contacts.create, contacts.NewContact(phones=[phone])).code == "not_a_number"
    assert scene.contacts() == 0


def test_names_are_one_line_of_bearable_length(scene: Scene) -> None:
    made = scene.contact(CLIENT, "  Фёдор \n\0 Простоквашин ")
    assert scene.contact_of(CLIENT).name == "Фёдор Простоквашин"
    error = refused(scene, contacts.edit, made, name="я" * 201, company="", responsible_id=None)
    assert error.code == "too_long"


def test_a_responsible_person_chosen_by_hand_is_kept_as_such(scene: Scene) -> None:
    senior, nina = scene.person("Старшая"), scene.person("Нина")
    made = scene.contact(CLIENT, responsible_id=senior, assigned="missed", source="auto")
    scene.writer.write(contacts.edit, made, name="Фёдор", company="", responsible_id=senior)
    assert scene.contact_of(CLIENT).assigned == "missed"
    scene.writer.write(contacts.edit, made, name="Фёдор", company="", responsible_id=nina)
    assert (scene.contact_of(CLIENT).responsible_id, scene.contact_of(CLIENT).assigned) == (nina, "manual")


def test_only_somebody_who_works_now_is_made_responsible(scene: Scene) -> None:
    gone = scene.person("Ушедший", enabled=False)
    made = scene.contact(CLIENT)
    for nobody in (gone, 999):
        error = refused(scene, contacts.edit, made, name="", company="", responsible_id=nobody)
        assert error.code == "nobody"


def test_somebody_who_left_stays_responsible_until_another_is_chosen(scene: Scene) -> None:
    nina = scene.person("Нина")
    made = scene.contact(CLIENT, responsible_id=nina)
    scene.disable(nina)
    scene.writer.write(contacts.edit, made, name="Фёдор", company="", responsible_id=nina)
    card = scene.read(directory.card, made)
    assert (card.name, card.responsible, card.responsible_enabled) == ("Фёдор", "Нина", False)


def test_a_number_can_be_taken_away_from_its_contact_only(scene: Scene) -> None:
    made, other = scene.contact(CLIENT), scene.contact(OTHER)
    scene.writer.write(contacts.remove_number, other, CLIENT)
    assert scene.contact_of(CLIENT).id == made
    scene.writer.write(contacts.remove_number, made, CLIENT)
    assert scene.contact_of(CLIENT) is None


def test_merged_contacts_are_one_with_all_numbers_notes_and_addresses(scene: Scene) -> None:
    nina = scene.person("Нина")
    first = scene.contact("+79000001111", "Фёдор из пекарни")
    second = scene.contact(OTHER, company="Хлеб", responsible_id=nina)
    kept = scene.contact(CLIENT, "Фёдор")
    scene.writer.write(contact_notes.add_to_contact, first, nina, "Любит ржаной")
    scene.writer.write(contacts.merge, second, first)
    scene.writer.write(contacts.merge, kept, second)
    for old in (first, second, kept):
        card = scene.read(directory.card, old)
        assert (card.id, card.name, card.company, card.responsible_id) == (kept, "Фёдор", "Хлеб", nina)
        assert sorted(number.number for number in card.numbers) == ["+79000001111", CLIENT, OTHER]
    assert [note.text for note in scene.read(contact_notes.of_contact, kept)] == ["Любит ржаной"]
    assert found(scene, "") == ["Фёдор"]
    assert refused(scene, contacts.merge, kept, first).code == "same_contact"
    assert refused(scene, contacts.merge, kept, 999).code == "not_found"


def test_a_contact_in_the_senior_managers_care_is_vacant_for_a_merge(scene: Scene) -> None:
    senior, nina = scene.person("Старшая"), scene.person("Нина")
    kept = scene.contact(CLIENT, responsible_id=senior, assigned="missed")
    other = scene.contact(OTHER, responsible_id=nina)
    scene.writer.write(contacts.merge, kept, other)
    assert (scene.contact_of(CLIENT).responsible_id, scene.contact_of(CLIENT).assigned) == (nina, "manual")


@pytest.mark.parametrize(
    "q", ["стокв", "ПРОСТО", "хлеб", "1234", "8 900 000-12", "+7 900", "000 12 34", "34", "Пр", "пр"]
)
def test_a_contact_is_found_by_part_of_name_company_or_number(scene: Scene, q: str) -> None:
    scene.contact(CLIENT, "Простоквашин Фёдор", company="ООО «Хлеб»")
    scene.contact("+78121110000", "Зоя")
    assert found(scene, q) == ["Простоквашин Фёдор"]


@pytest.mark.parametrize(
    "q", ['"', "%", "_", "AND", 'a" OR "b', "' --", "\0", "%%%", "___", "(", "NEAR(a b)"]
)
def test_no_search_breaks_the_query(scene: Scene, q: str) -> None:
    scene.contact(CLIENT, "Фёдор")
    assert found(scene, q) in ([], ["Фёдор"])
    assert found(scene, "___") == []


def test_the_list_is_read_in_pages_newest_first(scene: Scene) -> None:
    made = [scene.contact(f"+7900000{n:04}", f"Клиент {n}") for n in range(5)]
    first = scene.read(directory.listed, limit=3)
    assert [line.id for line in first] == made[:1:-1]
    rest = scene.read(directory.listed, before_id=first[-1].id, limit=3)
    assert [line.id for line in rest] == made[1::-1]


def test_the_list_can_be_that_of_one_person(scene: Scene) -> None:
    nina = scene.person("Нина")
    scene.contact(CLIENT, "Фёдор", responsible_id=nina)
    scene.contact(OTHER, "Зоя")
    (line,) = scene.read(directory.listed, responsible_id=nina)
    assert (line.name, line.responsible, line.numbers) == ("Фёдор", "Нина", [CLIENT])


def test_the_card_counts_the_calls_of_each_number(scene: Scene) -> None:
    belov = scene.person("Белов", "belov")
    made = scene.contact(CLIENT, "Фёдор")
    own = scene.call("in", "answered", CLIENT, "belov", at=-10, due=False)
    others = scene.call("in", "missed", CLIENT, "krotov", at=-5, due=False)
    scene.call("in", "missed", OTHER, "krotov", at=-5, due=False)
    assert scene.read(directory.card, made).numbers == [directory.Number(CLIENT, 0, None)]
    calls = scene.read(contact_calls.recent_calls, [CLIENT], belov)
    assert [(call.id, call.person, call.own) for call in calls] == [
        (others, "krotov", False),
        (own, "Белов", True),
    ]


@pytest.mark.parametrize(("text", "code"), [(" \n ", "empty"), ("я" * 4001, "too_long")])
def test_an_empty_or_endless_note_is_refused(scene: Scene, text: str, code: str) -> None:
    made, nina = scene.contact(CLIENT), scene.person("Нина")
    with pytest.raises(BadNote, match=code):
        scene.writer.write(contact_notes.add_to_contact, made, nina, text)


def test_an_unknown_contact_has_no_card(scene: Scene) -> None:
    assert scene.read(directory.card, 999) is None
    assert refused(scene, contacts.edit, 999, name="", company="", responsible_id=None).code == "not_found"

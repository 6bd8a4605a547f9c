"""Contacts to and from files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from flask import Flask

from app.extensions import db
from app.services import contact_files, contact_import, directory
from app.services.contact_import import Imported
from tests.scene import Scene

CLIENT = "+79000001234"
OTHER = "+79000005678"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def bring(scene: Scene, path: Path, text: str, encoding: str = "utf-8") -> list[Imported]:
    file = path / "contacts.csv"
    file.write_bytes(text.encode(encoding))
    return scene.writer.write(contact_import.import_lines, contact_files.read(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_usual_programs_are_understood(tmp_path: Path, encoding: str, mark: str, end: str) -> None:
    rows = [
        ["name", "phones", "company", "responsible"],
        ["Фёдор", '"8 900 000-12-34; +79000005678"', "", "orlova"],
    ]
    file = tmp_path / "contacts.csv"
    file.write_bytes("".join(mark.join(row) + end for row in rows).encode(encoding))
    assert contact_files.read(file) == [
        contact_files.Line(2, "Фёдор", ["8 900 000-12-34", "+79000005678"], "", "orlova")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_header"),
        ("name,telephone\nФёдор,79000001234\n", "no_header"),
        ('phones\n"' + "1" * 200_000, "broken"),
    ],
)
def test_a_file_that_is_no_list_of_contacts_is_refused(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(text)
    with pytest.raises(contact_files.BadFile) as caught:
        contact_files.read(file)
    assert caught.value.code == code


def test_rows_become_contacts(scene: Scene, tmp_path: Path) -> None:
    nina = scene.person("Нина", "orlova")
    text = "phones,company,name,responsible\n8 900 000-12-34;79000005678,Хлеб,Фёдор,Orlova@tenant\n\n"
    assert bring(scene, tmp_path, text) == [Imported(2, "made", [])]
    made = scene.contact_of(OTHER)
    assert (made.name, made.company, made.responsible_id) == ("Фёдор", "Хлеб", nina)
    assert (made.source, made.assigned) == ("import", "import")
    assert scene.contact_of(CLIENT).id == made.id


def test_the_same_file_twice_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    text = f"name,phones\nФёдор,{CLIENT}\nЗоя,{OTHER}\n"
    assert [one.result for one in bring(scene, tmp_path, text)] == ["made", "made"]
    assert [one.result for one in bring(scene, tmp_path, text)] == ["same", "same"]
    assert scene.contacts() == 2


def test_a_known_number_updates_its_contact_and_keeps_what_the_row_leaves_empty(
    scene: Scene, tmp_path: Path
) -> None:
    nina = scene.person("Нина", "orlova")
    known = scene.contact(CLIENT, "Федя", company="Хлеб", responsible_id=nina)
    text = f"name,phones,company,responsible\nФёдор,{CLIENT};{OTHER},,\n"
    assert [one.result for one in bring(scene, tmp_path, text)] == ["changed"]
    card = scene.read(directory.card, known)
    assert (card.name, card.company, card.responsible_id) == ("Фёдор", "Хлеб", nina)
    assert len(card.numbers) == 2


def test_two_rows_with_one_number_are_one_contact(scene: Scene, tmp_path: Path) -> None:
    text = f"name,phones\nФедя,{CLIENT}\nФёдор,{CLIENT};{OTHER}\n"
    assert [one.result for one in bring(scene, tmp_path, text)] == ["made", "changed"]
    assert scene.contacts() == 1


def test_what_cannot_be_used_is_said_row_by_row(scene: Scene, tmp_path: Path) -> None:
    scene.contact(CLIENT, "Фёдор")
    scene.contact(OTHER, "Зоя")
    text = (
        "name,phones,company,responsible\n"
        "Без номера,,,\n"
        "Внутренний,101,,\n"
        f"Чужой,{CLIENT};{OTHER},,\n"
        f"{'я' * 201},79000001111,,\n"
        "Наполовину,79000002222;12x,,nobody\n"
    )
    assert bring(scene, tmp_path, text) == [
        Imported(2, "refused", [("no_phone", "")]),
        Imported(3, "refused", [("bad_phone", "101"), ("no_phone", "")]),
        Imported(4, "refused", [("two_contacts", "")]),
        Imported(5, "refused", [("too_long", "")]),
        Imported(6, "made", [("bad_phone", "12x"), ("unknown_login", "nobody")]),
    ]
    assert scene.contact_of("+79000002222").responsible_id is None


def test_an_export_brought_in_again_changes_nothing(scene: Scene, tmp_path: Path) -> None:
    nina = scene.person("Нина", "orlova")
    scene.contact(CLIENT, "=HYPERLINK(1)", company="+ещё", responsible_id=nina)
    scene.contact(OTHER, "-Зоя", company="'кавычка'")
    table = list(contact_files.lines(db.engine))
    assert table == [
        ["'=HYPERLINK(1)", CLIENT, "'+ещё", "orlova"],
        ["'-Зоя", OTHER, "'кавычка'", ""],
    ]
    file = tmp_path / "export.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([contact_files.COLUMNS, *table])
    brought = scene.writer.write(contact_import.import_lines, contact_files.read(file))
    assert [one.result for one in brought] == ["same", "same"]


def test_an_export_of_many_contacts_is_whole(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_files, "BATCH", 2)
    for number in range(5):
        scene.contact(f"+7900000{number:04}", f"Клиент {number}")
    assert [row[0] for row in contact_files.lines(db.engine)] == [f"Клиент {n}" for n in range(5)]

"""The scenarios of the specification, section 4.3, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.extensions import db
from app.models import Call, Contact, Reaction
from app.services import contacts, directory, ownership, reactions
from app.services.writer import Unit
from tests.scene import NOW, Scene

CLIENT = "+79000001234"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def run_all(scene: Scene, now: int = NOW) -> int:
    return reactions.run_due(scene.writer, db.engine, now)


def with_senior(scene: Scene) -> int:
    senior = scene.person("Старшая", "senior")
    scene.switch(missed_makes_contact=True, senior_user=senior)
    return senior


def test_a_missed_call_of_an_unknown_number_makes_a_contact_of_the_senior_manager(scene: Scene) -> None:
    senior = with_senior(scene)
    call = scene.call("in", "missed", CLIENT, "belov", at=-10)
    assert run_all(scene) == 1
    made = scene.contact_of(CLIENT)
    assert (made.responsible_id, made.assigned, made.source) == (senior, "missed", "auto")
    assert (made.name, made.created_for) == ("", call)
    waiting = scene.read(directory.waiting_for, senior)
    assert [(row.number, row.missed_at) for row in waiting] == [(CLIENT, NOW - 600_000)]


def test_nothing_is_made_while_the_switches_are_off(scene: Scene) -> None:
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    scene.call("out", "answered", "+79000005678", "belov", at=-9)
    assert run_all(scene) == 2
    assert scene.contacts() == 0


def test_a_call_is_left_alone_until_its_outcome_has_stood(scene: Scene) -> None:
    with_senior(scene)
    scene.call("in", "missed", CLIENT, at=-10)
    assert run_all(scene, NOW - 600_000 + 19_999) == 0
    assert run_all(scene, NOW - 600_000 + 20_000) == 1
    assert scene.contacts() == 1


def test_a_reaction_happens_once(scene: Scene) -> None:
    with_senior(scene)
    call = scene.call("in", "missed", CLIENT, at=-10)
    assert run_all(scene) == 1
    assert run_all(scene) == 0
    scene.writer.write(reactions.run, call)
    assert scene.contacts() == 1


def test_a_contact_that_was_removed_is_not_made_again_when_the_call_is_looked_at_again(scene: Scene) -> None:
    with_senior(scene)
    call = scene.call("in", "missed", CLIENT, at=-10)
    run_all(scene)
    scene.writer.write(contacts.remove_number, scene.contact_of(CLIENT).id, CLIENT)
    plan_again(scene, call)
    assert run_all(scene) == 1
    assert scene.contact_of(CLIENT) is None


def plan_again(scene: Scene, call_id: int, **values: object) -> None:
    def job(unit: Unit) -> None:
        unit.conn.execute(update(Reaction).where(Reaction.call_id == call_id).values(due_at=NOW))
        if values:
            unit.conn.execute(update(Call).where(Call.id == call_id).values(**values))

    scene.writer.submit(job)


def test_a_known_number_makes_no_second_contact(scene: Scene) -> None:
    with_senior(scene)
    known = scene.contact(CLIENT, "Фёдор")
    scene.call("in", "missed", CLIENT, at=-10)
    run_all(scene)
    assert scene.contacts() == 1
    assert scene.contact_of(CLIENT).id == known
    assert scene.contact_of(CLIENT).assigned == "manual"


@pytest.mark.parametrize("phone", ["", "anonymous", "101", "Служба"])
def test_withheld_internal_and_unreadable_numbers_never_make_contacts(scene: Scene, phone: str) -> None:
    with_senior(scene)
    scene.switch(outgoing_makes_contact=True)
    scene.call("in", "missed", phone, at=-10)
    scene.call("out", "answered", phone, "belov", at=-9)
    assert run_all(scene) == 2
    assert scene.contacts() == 0


def test_internal_calls_never_make_contacts(scene: Scene) -> None:
    with_senior(scene)
    scene.call("internal", "missed", CLIENT, at=-10)
    run_all(scene)
    assert scene.contacts() == 0


def test_an_answered_or_unfinished_call_makes_no_contact_of_a_missed_one(scene: Scene) -> None:
    with_senior(scene)
    scene.call("in", "answered", CLIENT, "belov", at=-10)
    ringing = scene.call("in", "ringing", "+79000005678", "belov", at=-1)
    run_all(scene)
    assert scene.contacts() == 0
    assert scene.one(select(Reaction.done_at).where(Reaction.call_id == ringing)) is None


def test_a_disabled_senior_manager_gets_nothing(scene: Scene) -> None:
    senior = with_senior(scene)
    scene.disable(senior)
    scene.call("in", "missed", CLIENT, at=-10)
    run_all(scene)
    made = scene.contact_of(CLIENT)
    assert (made.responsible_id, made.assigned) == (None, "missed")


@pytest.mark.parametrize(("outcome", "assigned"), [("answered", "talk"), ("busy", "manual")])
def test_an_outgoing_call_makes_a_contact_of_the_one_who_dialled(
    scene: Scene, outcome: str, assigned: str
) -> None:
    belov = scene.person("Белов", "belov")
    scene.switch(outgoing_makes_contact=True)
    call = scene.call("out", outcome, CLIENT, "belov", at=-10)
    run_all(scene)
    made = scene.contact_of(CLIENT)
    assert (made.responsible_id, made.assigned, made.source) == (belov, assigned, "auto")
    assert made.created_for == call


def test_an_outgoing_call_of_an_unmapped_pbx_user_makes_a_contact_of_nobody(scene: Scene) -> None:
    scene.switch(outgoing_makes_contact=True)
    scene.call("out", "answered", CLIENT, "unmapped", at=-10)
    run_all(scene)
    assert scene.contact_of(CLIENT).responsible_id is None


def test_calls_of_unmapped_pbx_users_belong_to_the_default_user_while_the_switch_is_on(scene: Scene) -> None:
    chief = scene.person("Главная", "chief")
    scene.person("Белов", "belov")
    unmapped = scene.account("krotov")
    for not_a_person in ("pbx", "g_1234"):
        scene.account(not_a_person)
    own = scene.account_id("chief")
    assert scene.read(ownership.account_ids_of, chief) == [own]
    scene.switch(keep_unmapped=True, default_user=chief)
    assert scene.read(ownership.account_ids_of, chief) == sorted([own, unmapped])
    scene.switch(keep_unmapped=False)
    assert scene.read(ownership.account_ids_of, chief) == [own]
    scene.switch(keep_unmapped=True)
    scene.disable(chief)
    assert scene.read(ownership.default_user_id) is None


def test_a_reaction_that_fails_does_not_stand_in_the_way_of_others(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    senior = with_senior(scene)
    scene.switch(senior_user={"no": "id"})
    failing = scene.call("in", "missed", CLIENT, at=-10)
    scene.call("in", "answered", "+79000005678", "belov", at=-9)
    run_all(scene)
    assert f"the reaction to call {failing} failed" in caplog.text
    again_at = scene.one(select(Reaction.due_at).where(Reaction.due_at.is_not(None)))
    scene.switch(senior_user=senior)
    assert run_all(scene, again_at) == 1
    assert scene.one(select(Contact.responsible_id)) == senior

"""What follows from a talk: who is responsible from then on, and which missed calls are settled."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app.extensions import db
from app.models import Call, Promise, Reaction
from app.services import directory, reactions
from app.services.writer import Unit
from tests.scene import NOW, Scene

CLIENT = "+79000001234"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def run_all(scene: Scene, now: int = NOW) -> int:
    return reactions.run_due(scene.writer, db.engine, now)


def callback_s(scene: Scene, call_id: int) -> int | None:
    return scene.one(select(Call.callback_s).where(Call.id == call_id))


def with_senior(scene: Scene) -> int:
    senior = scene.person("Старшая", "senior")
    scene.switch(missed_makes_contact=True, senior_user=senior)
    return senior


def plan_again(scene: Scene, call_id: int, **values: object) -> None:
    def job(unit: Unit) -> None:
        unit.conn.execute(update(Reaction).where(Reaction.call_id == call_id).values(due_at=NOW))
        if values:
            unit.conn.execute(update(Call).where(Call.id == call_id).values(**values))

    scene.writer.submit(job)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_whoever_talks_with_the_client_becomes_responsible(scene: Scene, direction: str) -> None:
    senior = with_senior(scene)
    belov = scene.person("Белов", "belov")
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    run_all(scene)
    scene.call(direction, "answered", CLIENT, "belov", at=-5)
    run_all(scene)
    made = scene.contact_of(CLIENT)
    assert (made.responsible_id, made.assigned) == (belov, "talk")
    assert scene.read(directory.waiting_for, senior) == []


def test_an_attempt_that_was_not_answered_leaves_the_client_with_the_senior_manager(scene: Scene) -> None:
    senior = with_senior(scene)
    scene.person("Белов", "belov")
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    scene.call("out", "busy", CLIENT, "belov", at=-5)
    run_all(scene)
    assert scene.contact_of(CLIENT).responsible_id == senior


def test_a_talk_of_an_unmapped_pbx_user_gives_the_client_to_nobody_new(scene: Scene) -> None:
    senior = with_senior(scene)
    scene.call("in", "missed", CLIENT, at=-10)
    scene.call("in", "answered", CLIENT, "unmapped", at=-5)
    run_all(scene)
    assert scene.contact_of(CLIENT).responsible_id == senior


def test_a_contact_given_by_hand_stays_where_it_is(scene: Scene) -> None:
    nina = scene.person("Нина", "orlova")
    scene.person("Белов", "belov")
    scene.contact(CLIENT, "Фёдор", responsible_id=nina)
    scene.call("in", "answered", CLIENT, "belov", at=-5)
    run_all(scene)
    assert scene.contact_of(CLIENT).responsible_id == nina


def test_a_talk_that_came_before_the_reaction_to_the_missed_call_counts(scene: Scene) -> None:
    with_senior(scene)
    belov = scene.person("Белов", "belov")
    late = scene.call("in", "missed", CLIENT, at=-10, due=False)
    scene.call("out", "answered", CLIENT, "belov", at=-9)
    run_all(scene)
    scene.writer.submit(
        lambda unit: unit.conn.execute(insert(Reaction).values(call_id=late, due_at=NOW)) and None
    )
    run_all(scene)
    made = scene.contact_of(CLIENT)
    assert (made.responsible_id, made.assigned) == (belov, "talk")
    assert callback_s(scene, late) == 65


def test_a_missed_call_that_turns_out_answered_gives_the_client_to_the_one_who_talked(scene: Scene) -> None:
    with_senior(scene)
    belov = scene.person("Белов", "belov")
    call = scene.call("in", "missed", CLIENT, "belov", at=-10)
    run_all(scene)
    plan_again(scene, call, outcome="answered", answered_at=NOW - 590_000)
    run_all(scene)
    assert scene.contacts() == 1
    assert scene.contact_of(CLIENT).responsible_id == belov


def test_a_talk_writes_down_how_long_each_missed_call_has_waited(scene: Scene) -> None:
    first = scene.call("in", "missed", CLIENT, at=-10)
    second = scene.call("in", "missed", CLIENT, at=-4)
    other = scene.call("in", "missed", "+79000005678", at=-10)
    scene.call("out", "busy", CLIENT, "belov", at=-3)
    run_all(scene)
    assert callback_s(scene, first) is None
    scene.call("out", "answered", CLIENT, "belov", at=-2)
    later = scene.call("in", "missed", CLIENT, at=-1)
    run_all(scene)
    assert [callback_s(scene, call) for call in (first, second, later, other)] == [485, 125, None, None]


def test_a_talk_keeps_what_was_promised(scene: Scene) -> None:
    belov = scene.person("Белов", "belov")
    promise = {"user_id": belov, "number": CLIENT, "due_at": NOW, "created_at": NOW - 400_000}
    scene.writer.submit(lambda unit: unit.conn.execute(insert(Promise).values(promise)) and None)
    scene.call("out", "answered", CLIENT, "belov", at=-5)
    run_all(scene)
    assert scene.one(select(Promise.kept_at)) is not None

"""Missed calls that wait for a call back, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event, select, text

from app.extensions import db
from app.models import Reaction
from app.services import debt_care, debts, reactions
from app.services.debts import Debt
from tests.scene import HOUR, MINUTE, NOW, Scene

CLIENT = "+79000001234"
OTHER = "+79000005678"


@pytest.fixture
def scene(any_app: Flask) -> Scene:
    return Scene(any_app)


def owed(scene: Scene, user_id: int | None = None) -> list[Debt]:
    """The debts once all reactions have run."""
    reactions.run_due(scene.writer, db.engine, NOW)
    found: list[Debt] = scene.read(debts.open_for, user_id, NOW)
    assert scene.read(debts.count_for, user_id, NOW) == len(found)
    return found


def numbers(scene: Scene, user_id: int | None = None) -> list[str]:
    return [debt.number for debt in owed(scene, user_id)]


def test_a_number_that_called_in_vain_is_one_debt_since_its_first_call(scene: Scene) -> None:
    did_id = scene.did("+78000001001", "Сайт")
    scene.call("in", "missed", CLIENT, "belov", at=-30)
    scene.call("out", "busy", CLIENT, "belov", at=-20)
    last = scene.call("in", "missed", CLIENT, "belov", at=-10, did_id=did_id)
    scene.call("in", "missed", OTHER, "belov", at=-20)
    first, second = owed(scene)
    assert (first.number, second.number) == (CLIENT, OTHER)
    assert (first.first_at, first.last_at) == (NOW - 30 * MINUTE, NOW - 10 * MINUTE)
    assert (first.times, first.tries, first.call_id) == (2, 1, last)
    assert (first.did, first.did_label) == ("+78000001001", "Сайт")


def test_a_missed_call_is_no_debt_before_it_has_stood(scene: Scene) -> None:
    call = scene.call("in", "missed", CLIENT, "belov", at=-0.1)
    assert owed(scene) == []
    assert scene.one(select(Reaction.done_at).where(Reaction.call_id == call)) is None


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_later_talk_settles_the_debt_at_once(scene: Scene, direction: str) -> None:
    scene.call("in", "missed", CLIENT, at=-10)
    assert numbers(scene) == [CLIENT]
    scene.call(direction, "answered", CLIENT, "belov", at=-5, due=False)
    assert numbers(scene) == []


def test_a_talk_before_the_missed_call_settles_nothing(scene: Scene) -> None:
    scene.call("in", "answered", CLIENT, "belov", at=-20)
    scene.call("in", "missed", CLIENT, at=-10)
    assert numbers(scene) == [CLIENT]


def test_a_client_who_calls_in_vain_after_a_talk_waits_anew(scene: Scene) -> None:
    scene.call("in", "missed", CLIENT, at=-30)
    scene.call("out", "answered", CLIENT, "belov", at=-20)
    scene.call("in", "missed", CLIENT, at=-10)
    (debt,) = owed(scene)
    assert (debt.times, debt.first_at) == (1, NOW - 10 * MINUTE)


@pytest.mark.parametrize("hint", ["1", "2"])
def test_the_pbx_may_say_that_a_missed_call_was_called_back(scene: Scene, hint: str) -> None:
    scene.call("in", "missed", CLIENT, at=-10, missed_status=hint)
    assert numbers(scene) == []


@pytest.mark.parametrize("hint", ["3", "4", ""])
def test_other_words_of_the_pbx_settle_nothing(scene: Scene, hint: str) -> None:
    scene.call("in", "missed", CLIENT, at=-10, missed_status=hint)
    assert numbers(scene) == [CLIENT]


def test_the_hint_on_an_outgoing_attempt_settles_even_if_it_was_busy(scene: Scene) -> None:
    scene.call("in", "missed", CLIENT, at=-10)
    scene.call("out", "busy", CLIENT, "belov", at=-5, missed_status="2")
    assert numbers(scene) == []


@pytest.mark.parametrize("phone", ["", "anonymous", "101", "Служба"])
def test_only_numbers_that_can_be_called_are_debts(scene: Scene, phone: str) -> None:
    scene.call("in", "missed", phone, at=-10)
    assert numbers(scene) == []


def test_an_old_missed_call_is_forgotten(scene: Scene) -> None:
    scene.call("in", "missed", CLIENT, at=-(debts.WINDOW_DAYS * 24 * 60) - 1)
    assert numbers(scene) == []


def test_a_person_sees_what_rang_at_the_own_phone(scene: Scene) -> None:
    belov, nina = scene.person("Белов", "belov"), scene.person("Нина", "orlova")
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    assert numbers(scene, belov) == [CLIENT]
    assert numbers(scene, nina) == []


def test_everybody_sees_a_group_call_of_a_client_nobody_is_responsible_for(scene: Scene) -> None:
    people = [scene.person("Белов", "belov"), scene.person("Нина", "orlova"), scene.person("Пётр", "petrov")]
    scene.call("in", "missed", CLIENT, "belov", "orlova", at=-10)
    assert [numbers(scene, person) for person in people] == [[CLIENT]] * 3
    scene.contact(CLIENT, "Фёдор", responsible_id=people[0])
    assert [numbers(scene, person) for person in people] == [[CLIENT], [CLIENT], []]


def test_the_responsible_person_sees_the_client_whoever_was_rung(scene: Scene) -> None:
    scene.person("Белов", "belov")
    nina = scene.person("Нина", "orlova")
    contact = scene.contact(CLIENT, "Фёдор", company="Хлеб", responsible_id=nina)
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    (debt,) = owed(scene, nina)
    assert (debt.contact_id, debt.name, debt.company, debt.responsible) == (contact, "Фёдор", "Хлеб", "Нина")


def test_the_senior_manager_sees_the_contacts_made_by_missed_calls(scene: Scene) -> None:
    senior, _ = scene.person("Старшая", "senior"), scene.person("Белов", "belov")
    scene.switch(missed_makes_contact=True, senior_user=senior)
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    assert numbers(scene, senior) == [CLIENT]


def test_the_default_user_sees_what_rang_at_unmapped_phones(scene: Scene) -> None:
    chief = scene.person("Главная", "chief")
    scene.call("in", "missed", CLIENT, "krotov", at=-10)
    assert numbers(scene, chief) == []
    scene.switch(keep_unmapped=True, default_user=chief)
    assert numbers(scene, chief) == [CLIENT]


def test_one_person_takes_a_debt_and_another_cannot(scene: Scene) -> None:
    belov, nina = scene.person("Белов", "belov"), scene.person("Нина", "orlova")
    scene.call("in", "missed", CLIENT, "belov", "orlova", at=-10)
    (debt,) = owed(scene, belov)
    scene.writer.write(debt_care.take, belov, debt)
    scene.writer.write(debt_care.take, belov, debt)
    assert scene.read(debt_care.takers, [CLIENT])[CLIENT].name == "Белов"
    with pytest.raises(debt_care.TakenByAnother, match="Белов"):
        scene.writer.write(debt_care.take, nina, debt)
    assert numbers(scene, nina) == [CLIENT]
    scene.writer.write(debt_care.release, nina, debt)
    assert CLIENT in scene.read(debt_care.takers, [CLIENT])
    scene.writer.write(debt_care.release, belov, debt)
    assert scene.read(debt_care.takers, [CLIENT]) == {}


def test_a_debt_said_to_be_done_is_gone_until_the_client_calls_again(scene: Scene) -> None:
    belov = scene.person("Белов", "belov")
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    (debt,) = owed(scene, belov)
    scene.writer.write(debt_care.take, belov, debt)
    scene.writer.write(debt_care.done, belov, debt)
    assert numbers(scene, belov) == []
    assert scene.read(debt_care.takers, [CLIENT]) == {}
    said_at = scene.one(text("SELECT max(kept_at) FROM promise"))
    again = scene.call("in", "missed", CLIENT, "belov", at=(said_at - NOW) / MINUTE + 1, due=False)
    scene.writer.submit(lambda unit: _reacted(unit.conn, again))
    assert [debt.times for debt in scene.read(debts.open_for, belov, said_at + HOUR)] == [1]


def _reacted(conn: object, call_id: int) -> None:
    from app.services.upsert import insert_for

    conn.execute(insert_for(conn, Reaction).values(call_id=call_id, done_at=NOW))  # type: ignore[attr-defined]


def test_a_call_that_goes_on_now_is_told(scene: Scene) -> None:
    scene.person("Белов", "belov")
    scene.call("in", "missed", CLIENT, "belov", at=-10)
    scene.call("out", "ringing", CLIENT, "belov", at=-0.2, due=False)
    (debt,) = owed(scene)
    now = scene.read(debt_care.going_on, [debt.phone_id])[debt.phone_id]
    assert (now.direction, now.outcome, now.person) == ("out", "ringing", "Белов")


def test_those_who_were_rung_are_named(scene: Scene) -> None:
    scene.person("Белов", "belov")
    call = scene.call("in", "missed", CLIENT, "belov", "krotov", at=-10)
    assert sorted(scene.read(debt_care.rung, [call])[call]) == ["krotov", "Белов"]


def test_the_waits_of_today_are_those_that_ended(scene: Scene) -> None:
    scene.call("in", "missed", CLIENT, at=-30)
    scene.call("in", "missed", OTHER, at=-30)
    scene.call("out", "answered", CLIENT, "belov", at=-20)
    owed(scene)
    assert scene.read(debt_care.waits_today, NOW - HOUR) == [605]
    assert scene.read(debt_care.waits_today, NOW) == []


def test_the_index_of_missed_calls_serves_the_count(app: Flask) -> None:
    with db.engine.connect() as conn:
        asked: list[str] = []
        event.listen(conn, "before_cursor_execute", lambda *args: asked.append(args[2]))
        debts.count_for(conn, None, NOW)
        plan = str(
            conn.exec_driver_sql("EXPLAIN QUERY PLAN " + asked[-1], ("?",) * asked[-1].count("?")).all()
        )
    assert "ix_call_missed" in plan
    assert "SCAN call " not in plan

"""Which call came of which dial, and what a person may wish for."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from app.extensions import db
from app.pbx.client import DialAnswer
from app.services import dialing
from app.services.dial_wish import Account, Impossible, account_of, parse_intent, parse_number
from app.services.writer import Writer
from tests.services.dial_scene import NUMBER, a_wish, add_call, add_call_now, add_person, shown


@pytest.fixture
def writer(any_app: Flask) -> Writer:
    """The writer, on each of the two databases."""
    found: Writer = any_app.extensions["pult"].writer
    return found


@pytest.fixture
def person(writer: Writer) -> int:
    """Somebody with users of the PBX."""
    return writer.write(add_person)


def test_a_call_finds_the_dial_it_came_from(writer: Writer, person: int) -> None:
    wish = a_wish(person)
    dial_id = writer.write(dialing.begin, wish).id
    call_id = add_call(writer)

    def match(number: str, later_ms: int = 0) -> int | None:
        return writer.submit(
            lambda unit: dialing.match(unit, call_id, wish.account.id, number, unit.now + later_ms)
        )

    assert match("+79000009999") is None
    assert match(NUMBER, later_ms=dialing.MATCH_MS + 60_000) is None
    assert match(NUMBER) == dial_id
    assert match(NUMBER) == dial_id
    assert shown(dial_id).call_id == call_id
    other_call = add_call(writer)
    assert writer.submit(lambda u: dialing.match(u, other_call, wish.account.id, NUMBER, u.now)) is None


def test_a_call_that_turns_up_proves_an_unknown_dial(writer: Writer, person: int) -> None:
    wish = a_wish(person)
    dial_id = writer.write(dialing.begin, wish).id
    writer.write(dialing.settle, dial_id, DialAnswer("unknown", reason="no_answer"))
    writer.submit(lambda unit: dialing.match(unit, add_call_now(unit), wish.account.id, NUMBER, unit.now))
    assert (shown(dial_id).state, shown(dial_id).reason) == ("accepted", "")


def test_silence_does_not_outweigh_a_call_that_is_there(writer: Writer, person: int) -> None:
    wish = a_wish(person)
    dial_id = writer.write(dialing.begin, wish).id
    writer.submit(lambda unit: dialing.match(unit, add_call_now(unit), wish.account.id, NUMBER, unit.now))
    writer.write(dialing.settle, dial_id, DialAnswer("unknown", reason="no_answer"))
    assert shown(dial_id).state == "accepted"


def test_numbers_are_understood_as_people_type_them() -> None:
    assert parse_number("8 (900) 000 2007") == NUMBER
    assert parse_number("101") == "101"
    assert parse_number("029 123-45-67", telnum="375291112233") == "+375291234567"
    for nonsense in ("", "позвони", "anonymous", "0"):
        with pytest.raises(Impossible):
            parse_number(nonsense)


def test_an_intent_is_a_uuid() -> None:
    uuid = str(uuid4())
    assert parse_intent(uuid.upper()) == uuid
    for nonsense in ("", "1", "<script>"):
        with pytest.raises(Impossible):
            parse_intent(nonsense)


def test_a_person_chooses_among_their_own_pbx_users_only(writer: Writer, person: int) -> None:
    with db.engine.connect() as conn:
        first = account_of(conn, person)
        second = account_of(conn, person, first.id + 1)
        assert (first, second.login) == (Account(first.id, "chizh", ""), "chizh.mobile")
        for user_id, account_id in ((person, 999), (999, first.id), (999, None)):
            with pytest.raises(Impossible):
                account_of(conn, user_id, account_id)

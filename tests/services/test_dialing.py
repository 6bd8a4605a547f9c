"""Dialling against a real PBX: at most one request per wish, and no guessed outcomes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask

from app.extensions import db
from app.pbx.client import Account as PbxUser
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services import dialing
from app.services.dial_wish import Impossible, Wish
from app.services.placing import place
from app.services.writer import Writer
from tests.services.dial_scene import (
    NUMBER,
    TOKEN,
    a_wish,
    add_person,
    client,
    dial,
    dialled,
    grow_older,
    shown,
)
from tests.services.rude_pbx import Manners, closed_port, reset, rude_pbx, silent


@pytest.fixture
def writer(any_app: Flask) -> Writer:
    """The writer, on each of the two databases."""
    found: Writer = any_app.extensions["pult"].writer
    return found


@pytest.fixture
def person(writer: Writer) -> int:
    """Somebody with users of the PBX."""
    return writer.write(add_person)


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """The built-in PBX without a CRM to push to."""
    fake = FakePbx(token=TOKEN, accounts=[PbxUser("chizh", "Чижиков Сергей", "104")], speed=1000)
    fake.start()
    yield fake
    fake.stop()


def test_a_number_is_dialled_in_digits_for_the_persons_first_pbx_user(
    writer: Writer, person: int, pbx: FakePbx
) -> None:
    found = dial(writer, client(pbx.url), a_wish(person))
    assert (found.state, found.reason) == ("accepted", "")
    [heard] = pbx.commands_heard
    assert (heard["user"], heard["phone"]) == ("chizh", "79000002007")


def test_a_second_click_does_not_dial_again(writer: Writer, person: int, pbx: FakePbx) -> None:
    wish = a_wish(person)
    first = dial(writer, client(pbx.url), wish)
    assert dial(writer, client(pbx.url), wish) == first
    assert len(dialled(pbx)) == 1


def test_of_twenty_clicks_at_once_with_one_intent_one_dials(
    writer: Writer, person: int, pbx: FakePbx
) -> None:
    wish = a_wish(person)
    won: list[bool] = []

    def click() -> None:
        begun = writer.write(dialing.begin, wish)
        won.append(begun.won)
        if begun.won:
            place(writer, client(pbx.url), begun.id, wish).wait(20)

    threads = [threading.Thread(target=click) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(won) == [False] * 19 + [True]
    assert len(dialled(pbx)) == 1


def test_the_same_number_again_at_once_is_refused_for_good(writer: Writer, person: int, pbx: FakePbx) -> None:
    first = dial(writer, client(pbx.url), a_wish(person))
    second_wish = a_wish(person)
    second = dial(writer, client(pbx.url), second_wish)
    assert (first.state, second.state, second.reason) == ("accepted", "refused", "already_dialling")
    assert dial(writer, client(pbx.url), second_wish).reason == "already_dialling"
    assert dial(writer, client(pbx.url), a_wish(person, number="+79000003105")).state == "accepted"
    assert dialled(pbx) == ["79000002007", "79000003105"]


def test_the_same_number_can_be_dialled_again_later(writer: Writer, person: int, pbx: FakePbx) -> None:
    begun = writer.write(dialing.begin, a_wish(person))
    grow_older(writer, begun.id, dialing.DOUBLE_MS)
    assert dial(writer, client(pbx.url), a_wish(person)).state == "accepted"


def test_what_was_refused_may_be_dialled_again_at_once(writer: Writer, person: int, pbx: FakePbx) -> None:
    pbx.prepare("makeCall", Reply(400, "application/json", b'{"error": "Invalid parameters"}'))
    assert dial(writer, client(pbx.url), a_wish(person)).state == "refused"
    assert dial(writer, client(pbx.url), a_wish(person)).state == "accepted"


def test_an_intent_of_somebody_else_is_not_shown(writer: Writer, person: int) -> None:
    wish = a_wish(person)
    writer.write(dialing.begin, wish)
    with pytest.raises(Impossible):
        writer.write(dialing.begin, Wish(wish.intent, 999, wish.account, NUMBER))
    with db.engine.connect() as conn:
        assert dialing.find(conn, wish.intent, person) is not None
        assert dialing.find(conn, wish.intent, 999) is None


@pytest.mark.parametrize(
    ("status", "body", "state", "reason"),
    [
        (200, b"", "accepted", ""),
        (200, b"{}", "accepted", ""),
        (400, b'{"error": "Invalid parameters: [phone]"}', "refused", "bad_parameters"),
        (401, b'{"error": "Invalid token"}', "refused", "bad_token"),
        (301, b"", "refused", "wrong_address"),
        (502, b"502 Gateway Timeout", "unknown", "gateway"),
    ],
)
def test_the_pbxs_reply_decides_the_state(
    writer: Writer, person: int, pbx: FakePbx, status: int, body: bytes, state: str, reason: str
) -> None:
    pbx.prepare("makeCall", Reply(status, "text/html" if status in (301, 502) else "application/json", body))
    found = dial(writer, client(pbx.url), a_wish(person))
    assert (found.state, found.reason) == (state, reason)
    assert len(dialled(pbx)) == 1


def test_nobody_listening_is_a_refusal(writer: Writer, person: int) -> None:
    found = dial(writer, client(closed_port()), a_wish(person))
    assert (found.state, found.reason) == ("refused", "unreachable")


@pytest.mark.parametrize("manners", [silent, reset])
def test_what_was_sent_and_not_answered_is_unknown_and_stays_so(
    writer: Writer, person: int, manners: Manners
) -> None:
    wish = a_wish(person)
    with rude_pbx(manners) as url:
        found = dial(writer, client(url, total=0.5), wish)
        assert (found.state, found.reason) == ("unknown", "no_answer")
        assert not writer.write(dialing.begin, wish).won


def test_the_wish_is_committed_before_the_request_leaves(writer: Writer, person: int, pbx: FakePbx) -> None:
    wish = a_wish(person)
    pbx.prepare("makeCall", Reply(200, "text/plain", b""), delay_s=1)
    begun = writer.write(dialing.begin, wish)
    settled = place(writer, client(pbx.url), begun.id, wish)
    assert shown(begun.id).state == "sent"
    assert settled.wait(20)
    assert shown(begun.id).state == "accepted"


def test_a_dial_whose_process_died_becomes_unknown_at_the_next_start(writer: Writer, person: int) -> None:
    old = writer.write(dialing.begin, a_wish(person))
    grow_older(writer, old.id, dialing.LOST_MS)
    young = writer.write(dialing.begin, a_wish(person, number="+79000003105"))
    assert writer.write(dialing.recover) == 1
    assert (shown(old.id).state, shown(young.id).state) == ("unknown", "sent")

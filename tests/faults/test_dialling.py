"""Never twice: a dial on a real server, before a PBX that is dead, deaf, slow, rude or sends us elsewhere.

The times are scaled down: a page waits 1 s and the request 4 s; `make faults` takes the real 8 s and 30 s.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from wsproto.events import Ping, TextMessage

from tests.faults.callers import PATIENCE_S, TOTAL_S, Caller, new_intent, shown
from tests.faults.conftest import OpenHouse
from tests.faults.pbx_line import (
    PbxLine,
    answer_after,
    closed_port,
    redirect,
    reset,
    silent,
    trickle,
)
from tests.live.pages import Page, dial, eventually

PROMISED_S = 9.0


def settles(caller: Caller, intent: str, state: str) -> bool:
    return eventually(lambda: caller.state(intent) == state, within_s=TOTAL_S + 30)


def test_twenty_posts_of_one_click_at_once_reach_the_pbx_once(open_house: OpenHouse) -> None:
    with PbxLine(answer_after(0.5)) as pbx:
        [caller] = open_house(pbx.url)
        intent = new_intent()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: caller.dial(intent), range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert {shown(answer.text) for answer in answers} <= {"sent", "accepted"}
        assert settles(caller, intent, "accepted")
        assert len(pbx.heard) == 1


@pytest.mark.postgres
def test_two_processes_agree_on_who_sends_the_one_request(database: str, open_house: OpenHouse) -> None:
    with PbxLine(answer_after(0.5)) as pbx:
        [caller] = open_house(pbx.url, PULT_DATABASE_URL=database, PULT_WORKERS=2)
        for _ in range(5):
            intent = new_intent()
            with ThreadPoolExecutor(20) as pool:
                answers = list(pool.map(lambda _, i=intent: caller.dial(i, _number(i)), range(20)))
            assert {answer.status_code for answer in answers} == {200}
            assert settles(caller, intent, "accepted")
        assert len(pbx.heard) == 5


def _number(intent: str) -> str:
    """A number of its own for each intent: the same one again within seconds is a double click."""
    return f"7900{int(intent[:6], 16) % 10_000_000:07}"


def test_a_double_click_with_two_intents_reaches_the_pbx_once(open_house: OpenHouse) -> None:
    with PbxLine(answer_after(0.5)) as pbx:
        [caller] = open_house(pbx.url)
        with ThreadPoolExecutor(2) as pool:
            clicks = list(pool.map(caller.dial, (new_intent(), new_intent())))
        assert sorted(shown(click.text) for click in clicks) == ["accepted", "refused"]
        assert len(pbx.heard) == 1


def test_nobody_at_the_pbxs_address_is_a_refusal_at_once(open_house: OpenHouse) -> None:
    [caller] = open_house(closed_port())
    assert shown(caller.dial(new_intent()).text) == "refused"


MANNERS = {
    "79000000001": (silent, "unknown"),
    "79000000002": (reset, "unknown"),
    "79000000003": (trickle, "unknown"),
    "79000000004": (answer_after((PATIENCE_S + TOTAL_S) / 2), "accepted"),  # later than the page waits
    "79000000005": (answer_after(TOTAL_S + 2), "unknown"),  # later than anybody waits
}


def test_the_page_answers_in_time_and_the_one_request_is_not_repeated(open_house: OpenHouse) -> None:
    """Five people dial at once, and the PBX has other manners with each."""
    with PbxLine({phone: manners for phone, (manners, _) in MANNERS.items()}) as pbx:
        callers = open_house(pbx.url, people=len(MANNERS))
        with ThreadPoolExecutor(len(callers)) as pool:
            list(pool.map(_dial_to_the_end, callers, MANNERS))
        assert {phone: pbx.times_heard(phone) for phone in MANNERS} == dict.fromkeys(MANNERS, 1)


def _dial_to_the_end(caller: Caller, phone: str) -> None:
    intent, ends = new_intent(), MANNERS[phone][1]
    begun = time.monotonic()
    answer = caller.dial(intent, phone)
    assert time.monotonic() - begun < PROMISED_S
    assert answer.status_code == 200
    assert shown(answer.text) in ("sent", ends)
    assert settles(caller, intent, ends), phone
    assert shown(caller.dial(intent, phone).text) == ends


def test_a_late_answer_corrects_the_open_page(open_house: OpenHouse) -> None:
    with PbxLine(answer_after((PATIENCE_S + TOTAL_S) / 2)) as pbx:
        [caller] = open_house(pbx.url)
        _, page = dial(caller.served.port, caller.cookie)
        with page.sock:
            assert page.text()
            intent = new_intent()
            assert "No answer from the PBX yet" in caller.dial(intent).text
            frame = _frame_of(page, intent)
    assert "No answer" not in frame
    assert "your phone rings" in frame


def test_a_lost_answer_is_told_to_the_open_page_as_unclear(open_house: OpenHouse) -> None:
    with PbxLine(silent) as pbx:
        [caller] = open_house(pbx.url)
        _, page = dial(caller.served.port, caller.cookie)
        with page.sock:
            assert page.text()
            intent = new_intent()
            caller.dial(intent)
            assert "Unclear whether" in _frame_of(page, intent)


def _frame_of(page: Page, intent: str) -> str:
    """The first frame that speaks of this dial; whoever waits for so long is pinged, and answers."""
    page.sock.settimeout(TOTAL_S + 30)
    frame = ""
    while f"#dial-{intent}" not in frame:
        event = page.next()
        if isinstance(event, Ping):
            page.pong_to(event)
        else:
            assert isinstance(event, TextMessage) and event.message_finished, event
            frame = event.data
    return frame


def test_a_process_killed_before_the_answer_leaves_it_unknown_and_dials_once(open_house: OpenHouse) -> None:
    with PbxLine(silent) as pbx:
        [caller] = open_house(pbx.url)
        intent = new_intent()
        with ThreadPoolExecutor(1) as pool:
            click = pool.submit(caller.dial, intent)
            assert eventually(lambda: len(pbx.heard) == 1)
            caller.served.kill()
            assert click.exception() is not None
        caller.served.start()
        assert shown(caller.dial(intent).text) in ("sent", "unknown")
        assert settles(caller, intent, "unknown")
        caller.dial(intent)
        assert len(pbx.heard) == 1


def test_a_redirect_is_not_followed_with_the_key(open_house: OpenHouse) -> None:
    with PbxLine(silent) as elsewhere, PbxLine(redirect(elsewhere.url)) as pbx:
        [caller] = open_house(pbx.url)
        answer = caller.dial(new_intent())
        assert shown(answer.text) == "refused"
        assert "This is not the PBX" in answer.text
        assert len(pbx.heard) == 1
        assert elsewhere.heard == []


def test_an_answer_waits_for_a_database_that_is_locked(open_house: OpenHouse) -> None:
    with PbxLine(answer_after(1)) as pbx:
        [caller] = open_house(pbx.url)
        intent = new_intent()
        with ThreadPoolExecutor(1) as pool:
            click = pool.submit(caller.dial, intent)
            assert eventually(lambda: len(pbx.heard) == 1)
            other = sqlite3.connect(caller.served.data_dir / "pult.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            assert click.result(60).status_code == 200
            time.sleep(4)  # longer than the writer waits for a lock
            assert caller.state(intent) == "sent"
            other.execute("ROLLBACK")
            other.close()
        assert settles(caller, intent, "accepted")
        assert len(pbx.heard) == 1

"""Never twice: a dial on a real server, before a PBX that is dead, deaf, slow, rude or sends us elsewhere.

The times are scaled down: a page waits 1 s and the request 4 s; `make faults` takes the real 8 s and 30 s.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.callers import PATIENCE_S, TOTAL_S, Caller, new_intent, shown
from tests.faults.conftest import OpenHouse
from tests.faults.pbx_line import (
    Manners,
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


def test_nobody_at_the_pbxs_address_is_a_refusal_at_once(open_house: OpenHouse) -> None:
    [caller] = open_house(closed_port())
    assert shown(caller.dial(new_intent()).text) == "refused"


@pytest.mark.parametrize(
    ("manners", "ends"),
    [
        pytest.param(silent, "unknown", id="silent"),
        pytest.param(reset, "unknown", id="reset"),
        pytest.param(trickle, "unknown", id="one byte a second"),
        pytest.param(answer_after((PATIENCE_S + TOTAL_S) / 2), "accepted", id="late"),
        pytest.param(answer_after(TOTAL_S + 2), "unknown", id="later than we wait"),
    ],
)
def test_the_page_answers_in_time_and_the_one_request_is_not_repeated(
    open_house: OpenHouse, manners: Manners, ends: str
) -> None:
    with PbxLine(manners) as pbx:
        [caller] = open_house(pbx.url)
        intent = new_intent()
        begun = time.monotonic()
        answer = caller.dial(intent)
        assert time.monotonic() - begun < PROMISED_S
        assert answer.status_code == 200
        assert shown(answer.text) in ("sent", ends)
        assert settles(caller, intent, ends)
        assert shown(caller.dial(intent).text) == ends
        assert len(pbx.heard) == 1


def test_a_late_answer_corrects_the_open_page(open_house: OpenHouse) -> None:
    with PbxLine(answer_after((PATIENCE_S + TOTAL_S) / 2)) as pbx:
        [caller] = open_house(pbx.url)
        _, page = dial(caller.served.port, caller.cookie)
        assert page.text()
        intent = new_intent()
        assert "No answer from the PBX yet" in caller.dial(intent).text
        frame = _frame_of(page, intent)
        page.sock.close()
    assert "No answer" not in frame
    assert "your phone rings" in frame


def test_a_lost_answer_is_told_to_the_open_page_as_unclear(open_house: OpenHouse) -> None:
    with PbxLine(silent) as pbx:
        [caller] = open_house(pbx.url)
        _, page = dial(caller.served.port, caller.cookie)
        assert page.text()
        intent = new_intent()
        caller.dial(intent)
        assert "Unclear whether" in _frame_of(page, intent)
        page.sock.close()


def _frame_of(page: Page, intent: str) -> str:
    """The first frame that speaks of this dial."""
    page.sock.settimeout(TOTAL_S + 30)
    while True:
        frame = page.text()
        if f"#dial-{intent}" in frame:
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

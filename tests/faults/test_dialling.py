"""Never twice: a dial on a real server, before a PBX that is dead, deaf, slow, rude or sends us elsewhere.

The times are scaled down: PULT_FAULTS=full takes the real ones, and lets the PBX be away for an hour.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.callers import Caller, hire, new_intent, shown
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
from tests.serving import Served

FULL = os.environ.get("PULT_FAULTS") == "full"
PATIENCE_S, TOTAL_S = (8.0, 30.0) if FULL else (1.0, 4.0)
AWAY_S = 1800.0 if FULL else 4.0  # for each of two ways to be away
PROMISED_S = 9.0

Open = Callable[..., list[Caller]]


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Open]:
    """A function that starts a server before this PBX and returns the people on it."""
    running: list[Served] = []

    def start(url: str, people: int = 1) -> list[Caller]:
        served = Served(
            tmp_path / "data",
            PULT_PBX_URL=url,
            PULT_PBX_TOKEN="TEST-PBX-TOKEN",
            PULT_DIAL_PATIENCE_SECONDS=PATIENCE_S,
            PULT_DIAL_TOTAL_SECONDS=TOTAL_S,
        )
        callers = hire(served, people)
        running.append(served.start())
        return callers

    yield start
    for served in running:
        served.stop()


def settles(caller: Caller, intent: str, state: str) -> bool:
    return eventually(lambda: caller.state(intent) == state, within_s=TOTAL_S + 30)


def test_twenty_posts_of_one_click_at_once_reach_the_pbx_once(open_house: Open) -> None:
    with PbxLine(answer_after(0.5)) as pbx:
        [caller] = open_house(pbx.url)
        intent = new_intent()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: caller.dial(intent), range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert {shown(answer.text) for answer in answers} <= {"sent", "accepted"}
        assert settles(caller, intent, "accepted")
        assert len(pbx.heard) == 1


def test_nobody_at_the_pbxs_address_is_a_refusal_at_once(open_house: Open) -> None:
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
    open_house: Open, manners: Manners, ends: str
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


def test_a_late_answer_corrects_the_open_page(open_house: Open) -> None:
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


def test_a_lost_answer_is_told_to_the_open_page_as_unclear(open_house: Open) -> None:
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


def test_a_process_killed_before_the_answer_leaves_it_unknown_and_dials_once(open_house: Open) -> None:
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


def test_a_redirect_is_not_followed_with_the_key(open_house: Open) -> None:
    with PbxLine(silent) as elsewhere, PbxLine(redirect(elsewhere.url)) as pbx:
        [caller] = open_house(pbx.url)
        answer = caller.dial(new_intent())
        assert shown(answer.text) == "refused"
        assert "This is not the PBX" in answer.text
        assert len(pbx.heard) == 1
        assert elsewhere.heard == []


def test_an_answer_waits_for_a_database_that_is_locked(open_house: Open) -> None:
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


@pytest.mark.parametrize("url", [None, closed_port()], ids=["silent", "dead"])
def test_a_pbx_that_is_down_harms_neither_pages_nor_pushes(open_house: Open, url: str | None) -> None:
    with PbxLine(silent) as pbx:
        callers = open_house(url or pbx.url, people=30)
        over = threading.Event()
        with ThreadPoolExecutor(len(callers)) as pool:
            clicking = [pool.submit(_click_on, caller, over) for caller in callers]
            pushed = _live_on(callers)
            over.set()
        clicks = sum(clicker.result() for clicker in clicking)
        if url is None:
            assert len(pbx.heard) == clicks
    assert pushed > 0


def _click_on(caller: Caller, over: threading.Event) -> int:
    """Dial one number after the other; returns how often."""
    clicks = 0
    while not over.wait(0.5):  # a person's pace; refusals come at once
        answer = caller.dial(new_intent(), phone=f"7900{clicks % 10_000_000:07}")
        assert answer.status_code == 200
        assert shown(answer.text) in ("sent", "refused", "unknown")
        clicks += 1
    return clicks


def _live_on(callers: list[Caller]) -> int:
    """Pushes come and pages are read meanwhile; returns how many pushes were answered."""
    until, pushed = time.monotonic() + AWAY_S, 0
    while time.monotonic() < until:
        caller = callers[pushed % len(callers)]
        assert caller.served.push(cmd="event", type="INCOMING", callid=f"c-{pushed}").status_code == 200
        assert caller.get("/desk").status_code == 200
        assert caller.served.push(cmd="contact", callid=f"c-{pushed}").status_code == 200
        pushed += 1
        time.sleep(0.05)
    return pushed

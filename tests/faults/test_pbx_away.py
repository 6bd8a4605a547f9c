"""The PBX is away, and 30 people go on clicking: 4 s here, `make faults` an hour of each way to be away.

An hour is long: tests/faults/__main__.py lets these two wait beside the others.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.callers import Caller, new_intent, shown
from tests.faults.conftest import OpenHouse
from tests.faults.pbx_line import PbxLine, closed_port, silent
from tests.faults.sending import FULL

PEOPLE = 30
AWAY_S = 3600.0 if FULL else 4.0
BETWEEN_CLICKS_S = 5.0 if FULL else 0.5  # refusals come at once: the pace is a person's
BETWEEN_PUSHES_S = 0.2 if FULL else 0.05


class Slowest:
    """How long the slowest answer of each kind took, in seconds."""

    def __init__(self) -> None:
        self.of: dict[str, float] = {}

    def note(self, kind: str, began: float) -> None:
        self.of[kind] = max(self.of.get(kind, 0), time.monotonic() - began)

    def __str__(self) -> str:
        return ", ".join(f"{kind} {took:.2f} s" for kind, took in self.of.items())


@pytest.mark.parametrize("url", [None, closed_port()], ids=["silent", "dead"])
def test_a_pbx_that_is_down_harms_neither_pages_nor_pushes(open_house: OpenHouse, url: str | None) -> None:
    with PbxLine(silent) as pbx:
        callers = open_house(url or pbx.url, people=PEOPLE)
        over, slowest = threading.Event(), Slowest()
        with ThreadPoolExecutor(len(callers)) as pool:
            clicking = [pool.submit(_click_on, caller, over) for caller in callers]
            try:
                pushed = _live_on(callers, slowest)
            finally:
                over.set()
        clicks = sum(clicker.result() for clicker in clicking)
        heard = [body for body in pbx.heard if b"cmd=makeCall" in body]
    print(f"{AWAY_S:.0f} s away: {clicks} clicks, {len(heard)} heard, {pushed} pushes; slowest {slowest}")
    assert len(heard) == (clicks if url is None else 0)
    assert pushed > AWAY_S / 4  # the day's work went on


def _click_on(caller: Caller, over: threading.Event) -> int:
    """Dial one number after the other; returns how often."""
    clicks = 0
    while not over.wait(BETWEEN_CLICKS_S):
        answer = caller.dial(new_intent(), phone=f"7900{clicks % 10_000_000:07}")
        assert answer.status_code == 200
        assert shown(answer.text) in ("sent", "refused", "unknown")
        clicks += 1
    return clicks


def _live_on(callers: list[Caller], slowest: Slowest) -> int:
    """Pushes come and pages are read meanwhile; returns how many events were answered 200."""
    until, pushed = time.monotonic() + AWAY_S, 0
    while time.monotonic() < until:
        caller, callid = callers[pushed % len(callers)], f"c-{pushed}"
        began = time.monotonic()
        assert caller.served.push(cmd="event", type="INCOMING", callid=callid).status_code == 200
        slowest.note("push", began)
        began = time.monotonic()
        assert caller.get("/desk").status_code == 200
        slowest.note("page", began)
        began = time.monotonic()
        assert caller.served.push(cmd="contact", callid=callid).json() == {}
        slowest.note("contact", began)
        pushed += 1
        time.sleep(BETWEEN_PUSHES_S)
    return pushed

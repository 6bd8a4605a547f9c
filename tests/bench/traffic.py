"""What the PBX pushes, as lines for the load generator: whole calls, and questions who calls."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from tests.bench.company import CLIENTS, login, phone

CALLID = "bench"
MARKER = f'data-callid="{CALLID}'
# How the frames of a call's three stages differ: the card that rings, that talks, and that is taken away.
STAGES = 'data-state="ringing"|data-state="talking"|hx-swap-oob="delete'
RINGS, TALKS, GOES = 0, 1, 2
TOKEN = "TEST-CRM-TOKEN"
OURS = "74950000001"
NO_FRAME = -1
NOBODY, EVERYBODY = -1, -2
CARDS = 3


class Line(NamedTuple):
    """A push and when it leaves; `stage` is the frame that it brings to the tabs of `user`."""

    at_ms: float
    user: int
    number: int
    stage: int
    body: str


def form(**fields: str | int) -> str:
    """A push as the PBX encodes it; the load generator fills in %SEQ%."""
    own = {"crm_token": TOKEN, "diversion": OURS, **fields}
    return urlencode(own, safe="%")


def call(number: int, user: int, at_ms: float, ring_ms: float, talk_ms: float) -> list[Line]:
    """One incoming call from its first ring to its history."""
    same = {"callid": f"{CALLID}{number:09}", "phone": phone(number % CLIENTS), "user": login(user)}
    event = {"cmd": "event", "direction": "in", **same}
    over, duration = at_ms + ring_ms + talk_ms, str(int(talk_ms / 1000))
    history = {"cmd": "history", "type": "in", "status": "Success", "duration": duration, **same}
    return [
        Line(at_ms, user, number, RINGS, form(type="INCOMING", **event)),
        Line(at_ms + ring_ms, user, number, TALKS, form(type="ACCEPTED", **event)),
        Line(over, user, number, GOES, form(type="COMPLETED", **event)),
        Line(over + 300, user, number, NO_FRAME, form(**history)),
    ]


def day(people: int, pushes_per_s: float, seconds: float, pace: float = 1) -> list[Line]:
    """Calls that begin evenly; each of them is four pushes and goes to the next person.

    `pace`: how long rings and talks last, 1 for seconds.
    """
    dice = random.Random(1)
    apart_ms = 4000 / pushes_per_s
    lines = []
    for number in range(int(seconds * 1000 / apart_ms)):
        at_ms = (number + dice.random()) * apart_ms
        ring_ms, talk_ms = pace * dice.uniform(800, 1600), pace * dice.uniform(1500, 3000)
        lines += call(number, number % people, at_ms, ring_ms, talk_ms)
    return sorted(lines)


def waves(people: int, pushes_per_s: float, seconds: float) -> list[Line]:
    """Calls that ring at everybody in turn until each has CARDS of them, then are cancelled in that order.

    So pops come at the full rate, and nobody's screen holds more cards than a person may have.
    """
    wave = CARDS * people
    times = max(1, round(pushes_per_s * seconds / (2 * wave)))
    lines: list[Line] = []
    for first in range(0, times * wave, wave):
        for stage, what in ((RINGS, "INCOMING"), (GOES, "CANCELLED")):
            for n in range(first, first + wave):
                same = {"callid": f"{CALLID}{n:09}", "phone": phone(n % CLIENTS), "user": login(n % people)}
                body = form(cmd="event", type=what, direction="in", **same)
                lines.append(Line(len(lines) * 1000 / pushes_per_s, n % people, n, stage, body))
    return lines


def to_all(people: int, pushes_per_s: float, seconds: float) -> list[Line]:
    """Whole calls without a history, as wallboards see them: a frame for everybody with each push."""
    lines = day(people, pushes_per_s * 4 / 3, seconds)
    return [line._replace(user=EVERYBODY) for line in lines if line.stage != NO_FRAME]


def ringing(body: str, pushes_per_s: float, seconds: float) -> list[Line]:
    """One push after the other that brings everybody a frame; the load generator numbers them."""
    count = int(pushes_per_s * seconds)
    return [Line(n * 1000 / pushes_per_s, EVERYBODY, n, RINGS, body) for n in range(count)]


def rush(people: int, calls: int, side_by_side: int = 256) -> list[Line]:
    """Calls as fast as they are taken: no call's next push leaves before many others have."""
    lines = []
    for first in range(0, calls, side_by_side):
        group = [call(n, n % people, 0, 0, 60_000) for n in range(first, min(first + side_by_side, calls))]
        lines += [push for stage in zip(*group, strict=True) for push in stage]
    return lines


def questions(per_s: float, seconds: float) -> list[Line]:
    """`contact`: every second client is known."""
    lines = []
    for n in range(int(per_s * seconds)):
        body = form(cmd="contact", callid=f"who{n:09}", phone=phone(n % CLIENTS))
        lines.append(Line(n * 1000 / per_s, NOBODY, 0, NO_FRAME, body))
    return lines


def save(path: Path, lines: list[Line]) -> Path:
    """The script as the load generator reads it."""
    path.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
    return path

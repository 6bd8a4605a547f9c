"""Trails of calls written as one reads them, for the tests of the tracking.

    INCOMING a, b; +9; CANCELLED a; ACCEPTED b; TRANSFERRED A>B; B: history Success c 75 link=https://r.example/1

Steps are divided by `;`, each push comes a second after the one before, `+9` waits nine seconds more,
`B:` puts a push under that key instead of A, `-` is a push that names nobody, `name=value` sets a field.
"""

import re
from collections.abc import Iterable
from dataclasses import fields
from zoneinfo import ZoneInfo

from app.pbx.message import Message
from app.services.tracking import CallState, Limits, Push, project

NOON = 1_790_000_000_000
LATER = NOON + 24 * 3600 * 1000
LIMITS = Limits(zone=ZoneInfo("Europe/Moscow"))
CLIENT = "79000000022"

_NUMBERS = ("duration", "wait", "rating")
_FIELDS = {found.name for found in fields(Message)}


def trail(scene: str, start: int = NOON) -> list[Push]:
    """The pushes of a scene, in the order in which they are written."""
    pushes: list[Push] = []
    at = start
    for step in filter(None, (part.strip() for part in scene.split(";"))):
        if re.fullmatch(r"[+-][0-9.]+", step):
            at += int(float(step) * 1000)
            continue
        for message in _messages(step):
            pushes.append(Push(len(pushes) + 1, at, message))
            at += 1000
    return pushes


def event(kind: str, login: str | None = "a", callid: str = "A", **more: object) -> Message:
    """One event as the parser of the wire would give it."""
    given = {"phone": CLIENT, "user": login, **more}
    return Message(cmd="event", callid=callid, type=kind, **given)  # type: ignore[arg-type]


def history(
    status: str | None = "Success",
    login: str | None = "a",
    duration: int | None = None,
    callid: str = "A",
    **more: object,
) -> Message:
    """One history as the parser of the wire would give it."""
    given = {"phone": CLIENT, "user": login, "type": "in", "status": status, "duration": duration, **more}
    return Message(cmd="history", callid=callid, **given)  # type: ignore[arg-type]


def state(scene: str | Iterable[Push], now: int = LATER, limits: Limits = LIMITS) -> CallState:
    """What the tracking makes of a scene, by default when all waiting is over."""
    return project(trail(scene) if isinstance(scene, str) else list(scene), now, limits)


def live(scene: str, seconds: float = 0.1) -> CallState:
    """What the tracking makes of a scene shortly after its last push."""
    pushes = trail(scene)
    return project(pushes, pushes[-1].received_at + int(seconds * 1000), LIMITS)


def row(call: CallState) -> str:
    """A row in short: outcome, login, talk seconds."""
    return f"{call.outcome}, {call.login or '-'}, {call.duration_s}"


def at_once(messages: Iterable[Message], gap_ms: int = 10) -> list[Push]:
    """Messages that arrive in this order within a moment, as in a race."""
    return [Push(place, NOON + place * gap_ms, message) for place, message in enumerate(messages)]


def _messages(step: str) -> list[Message]:
    callid, step = step.split(": ", 1) if re.match(r"[A-Z]: ", step) else ("A", step)
    words = step.replace(",", " ").split()
    more: dict[str, object] = {}
    for name, value in (word.split("=", 1) for word in words if "=" in word):
        assert name in _FIELDS, name
        more[name] = int(value) if name in _NUMBERS else value or None
    words = [word for word in words if "=" not in word]
    if words[0] == "history":
        return [_history(words[1:], callid, more)]
    if words[0] in ("rating", "contact"):
        return [Message(cmd=words[0], callid=callid, **more)]  # type: ignore[arg-type]
    if words[0] == "TRANSFERRED":
        first, second = words[1].split(">")
        return [event("TRANSFERRED", None, first, second_callid=second, **more)]
    return [event(words[0], None if login == "-" else login, callid, **more) for login in words[1:]]


def _history(words: list[str], callid: str, more: dict[str, object]) -> Message:
    more = {"type": "out" if "out" in words else "in", **more}
    words = [word for word in words if word != "out"]
    status, login, *duration = words
    return history(
        None if status == "-" else status,
        None if login == "-" else login,
        int(duration[0]) if duration else None,
        callid,
        **more,
    )

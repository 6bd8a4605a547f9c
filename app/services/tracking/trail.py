"""The trail of a call: its pushes in inbox order, and which of them belong to one call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.pbx.message import Message
from app.pbx.numbers import Number

REUSED_AFTER_MS = 24 * 3600 * 1000


class Push(NamedTuple):
    """One accepted POST: its place in the inbox, its receipt (epoch milliseconds), what it said."""

    id: int
    received_at: int
    message: Message


class EmptyTrail(ValueError):
    """A trail without any event, history or rating: there is no call to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings that the state of a call depends on: seconds, the company's zone and country."""

    settle_s: float = 3
    ring_max_s: float = 120
    talk_max_s: float = 14400
    zone: ZoneInfo
    region: str = "RU"


def joins(message: Message) -> str | None:
    """The key that this push joins to its own call: `second_callid` of a TRANSFERRED A→B, else None."""
    if message.cmd != "event" or message.type != "TRANSFERRED" or message.second_callid == message.callid:
        return None
    return message.second_callid or None


def new_generation(last_push_at: int, last_phone: Number, received_at: int, phone: Number | None) -> bool:
    """Whether a known callid now names another call: silent for over 24 h and another phone.

    `phone` is None for a push that names none (a rating): it belongs to the call there is.
    """
    silent = received_at - last_push_at > REUSED_AFTER_MS
    return silent and phone is not None and phone != last_phone


def in_inbox_order(trail: Sequence[Push]) -> list[Push]:
    """The pushes that say something about the state, sorted; `contact` only asks and says nothing."""
    pushes = [push for push in trail if push.message.cmd != "contact"]
    if not pushes:
        raise EmptyTrail
    pushes.sort(key=attrgetter("id"))
    return pushes


def depths(pushes: Iterable[Push]) -> dict[str, int]:
    """How many transfers lie between the client's first key and each joined key; keys not named: 0."""
    parents: dict[str, str] = {}
    for push in pushes:
        child = joins(push.message)
        if child is not None:
            parent = push.message.callid
            parents[child] = min(parent, parents.get(child, parent))
    return {child: _depth(child, parents) for child in parents}


def _depth(key: str, parents: dict[str, str]) -> int:
    seen = {key}
    while (key := parents.get(key, key)) not in seen:
        seen.add(key)
    return len(seen) - 1

"""What the tracking says about a call: the row of the log, its legs and its recordings."""

from dataclasses import dataclass
from typing import Literal

from app.pbx.numbers import Number

Direction = Literal["in", "out", "internal"]
Outcome = Literal[
    "ringing",
    "talking",
    "answered",
    "missed",
    "busy",
    "unavailable",
    "forbidden",
    "not_found",
    "cancelled",
    "no_end",
    "other",
]
LegResult = Literal["answered", "cancelled", "missed", "no_end"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One person's part in a call. Instants are epoch milliseconds by our clock, durations seconds.

    `rang_at` is the first ring; `wait_s` sums up all rings and is None until one has ended.
    `result` is None while the leg lives; `cancelled`: the phone stopped ringing, the call went on elsewhere;
    `missed`: nobody answered the call; `no_end`: we never heard how it went on.
    """

    login: str
    state: Literal["ringing", "talking", "over"]
    rang_at: int | None
    answered_at: int | None
    ended_at: int | None
    wait_s: int | None
    duration_s: int
    result: LegResult | None
    ext: str | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    """The PBX's link to the sound of one talk. Holds the client's number: never log or show it."""

    login: str | None
    link: str


@dataclass(frozen=True, slots=True)
class CallState:
    """A row of the log. Instants are epoch milliseconds, durations seconds.

    `login` is a person's or None. `status` is the PBX's own word. `due_at` is when the passing of time
    alone may next change this state, None when it cannot. `final`: the history is there, or every ring
    has its end and the call has settled; a final row does not depend on the order of arrival.
    """

    direction: Direction
    outcome: Outcome
    login: str | None
    phone: Number
    phone_raw: str | None
    via: Number | None
    via_raw: str | None
    started_at: int
    answered_at: int | None
    ended_at: int | None
    wait_s: int | None
    duration_s: int
    status: str | None
    rating: int | None
    missed_status: str | None
    recordings: tuple[Recording, ...]
    legs: tuple[Leg, ...]
    flags: tuple[str, ...]
    due_at: int | None
    final: bool

"""The film of a call: its legs as bars on one axis of time. Geometry only; the template draws.

Along the axis all is per cent of the drawing's width, so that it fits every screen; down it is pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

AXIS = 92.0  # the rest is for a word behind the longest bar
ROW = 54
TOP = 40
STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
TICKS = 8


class FilmedLeg(Protocol):
    """What the film needs to know of a leg; instants are epoch milliseconds."""

    @property
    def rang_at(self) -> int | None: ...
    @property
    def answered_at(self) -> int | None: ...
    @property
    def ended_at(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of ringing (`ring`) or talk (`talk`) of one leg; `x` and `width` are per cent."""

    tone: str
    x: float
    width: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One leg's line: where it stands and its bars."""

    y: int
    leg: FilmedLeg
    bars: tuple[Bar, ...]

    @property
    def end(self) -> float:
        """Right edge of the last bar: words may begin there."""
        return max((bar.x + bar.width for bar in self.bars), default=0.0)


@dataclass(frozen=True, slots=True)
class Film:
    """Everything the template draws."""

    height: int
    ticks: tuple[tuple[float, int], ...]  # x in per cent and seconds from the start
    strips: tuple[Strip, ...]


def film(legs: Sequence[FilmedLeg], now: int) -> Film | None:
    """The film of these legs, running ones drawn up to `now`; nothing when no leg has a time."""
    times = [at for leg in legs for at in (leg.rang_at, leg.answered_at, leg.ended_at) if at is not None]
    if not times:
        return None
    running = any(leg.ended_at is None for leg in legs)
    start, end = min(times), max([*times, now] if running else times)
    length_s = max(1.0, (end - start) / 1000)
    scale = AXIS / length_s
    strips = tuple(
        Strip(TOP + index * ROW, leg, tuple(_bars(leg, start, end, scale))) for index, leg in enumerate(legs)
    )
    return Film(TOP + len(strips) * ROW + 8, _ticks(length_s, scale), strips)


def _bars(leg: FilmedLeg, start: int, end: int, scale: float) -> Iterable[Bar]:
    over = end if leg.ended_at is None else leg.ended_at
    if leg.rang_at is not None:
        picked_up = over if leg.answered_at is None else leg.answered_at
        yield _bar("ring", leg.rang_at, picked_up, start, scale)
    if leg.answered_at is not None:
        yield _bar("talk", leg.answered_at, over, start, scale)


def _bar(tone: str, begins: int, ends: int, start: int, scale: float) -> Bar:
    seconds = max(0, ends - begins) / 1000
    x = (begins - start) / 1000 * scale
    return Bar(tone, round(x, 2), round(max(0.4, seconds * scale), 2), round(seconds))


def _ticks(length_s: float, scale: float) -> tuple[tuple[float, int], ...]:
    step = next((step for step in STEPS_S if length_s / step <= TICKS), STEPS_S[-1])
    return tuple((round(at * scale, 2), at) for at in range(0, int(length_s) + 1, step))

"""The day by hours as columns on one scale. Geometry only; the template draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.services.wallboard import Hour

HEIGHT = 100.0
LEAST = 4  # so that the first calls of a day do not fill the chart


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a column, from the top of the drawing; `tone` is that of calls: talk, miss or calm."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One hour: what was, stacked, and the mark of a week ago."""

    hour: Hour
    parts: tuple[Part, ...]
    mark: float | None


def columns(hours: Sequence[Hour]) -> list[Column]:
    """A column for each hour, the fullest of both weeks as high as the drawing."""
    most = max([LEAST, *(max(hour.calls, hour.week_ago) for hour in hours)])
    scale = HEIGHT / most
    return [Column(hour, tuple(_parts(hour, scale)), _mark(hour.week_ago, scale)) for hour in hours]


def _parts(hour: Hour, scale: float) -> Iterator[Part]:
    below = 0
    for tone, calls in (("talk", hour.answered), ("calm", hour.other), ("miss", hour.missed)):
        if calls:
            below += calls
            yield Part(tone, round(HEIGHT - below * scale, 2), round(calls * scale, 2))


def _mark(week_ago: int, scale: float) -> float | None:
    return round(HEIGHT - week_ago * scale, 2) if week_ago else None

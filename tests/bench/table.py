"""The table: medians over the rounds, with the target beside them and whether it was met."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.bench.loading import Figures

HEAD = ["| work | median of the rounds (least–most) | target | met |", "|---|---|---|---|"]


class Goal(NamedTuple):
    """What is aimed at: `most` or `least`, in the unit of the figure. A stretch may be missed."""

    most: float = math.inf
    least: float = -math.inf
    stretch: bool = False

    def words(self, unit: str) -> str:
        """As the table's third column has it."""
        if self.most == -self.least:
            return f"within ±{self.most:g}{unit}"
        sign, limit = ("≤", self.most) if self.most < math.inf else ("≥", self.least)
        return f"{'stretch: ' if self.stretch else ''}{sign} {limit:,g}{unit}"

    def verdict(self, value: float) -> str:
        """As the fourth has it. A figure that is missing (NaN) meets nothing."""
        if self.least <= value <= self.most:
            return "yes"
        return "not reached" if self.stretch else "**not met**"


class Line(NamedTuple):
    """A line of the table."""

    work: str
    value: str
    target: str = ""
    met: str = ""

    def markdown(self) -> str:
        return f"| {self.work} | {self.value} | {self.target} | {self.met} |"


def figure(work: str, rounds: Sequence[Figures], name: str, unit: str = "", goal: Goal | None = None) -> Line:
    """The median of a figure over the rounds, and whether it is what was aimed at."""
    line = Line(work, spread(rounds, name, unit))
    if goal is None:
        return line
    return line._replace(target=goal.words(unit), met=goal.verdict(median(rounds, name)))


def versus(
    work: str,
    ours: Sequence[Figures],
    theirs: Sequence[Figures],
    name: str,
    unit: str,
    goal: Goal | None = None,
    more: str = "",
) -> Line:
    """A peer's figure, and ours divided by it, both medians of the same run."""
    ratio = median(ours, name) / (median(theirs, name) or math.nan)
    line = Line(work, f"{spread(theirs, name, unit)}; ours is {ratio:.2f} ×{more}")
    if goal is None:
        return line
    return line._replace(target=f"ours {goal.words(' ×')}", met=goal.verdict(ratio))


def none(work: str, **counts: int) -> Line:
    """Things that must not happen, counted over all rounds: `none("frames", lost=0, wrong=0)`."""
    value = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    return Line(work, value, "none", "**not met**" if any(counts.values()) else "yes")


def mishaps(rounds: Sequence[Figures]) -> dict[str, int]:
    """Frames and pushes that went astray."""
    names = {"lost": "lost", "at_a_wrong_tab": "wrong", "refused": "bad"}
    return {words: total(rounds, name) for words, name in names.items()}


def total(rounds: Sequence[Figures], name: str) -> int:
    """A count over all rounds."""
    return int(sum(figures[name] for figures in rounds))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; NaN when there is none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(rounds: Sequence[Figures], name: str) -> float:
    """Of the rounds' figures of this name; NaN when a round has none."""
    values = [_number(figures[name]) for figures in rounds]
    return math.nan if any(map(math.isnan, values)) else statistics.median(values)


def cost(rounds: Sequence[Figures]) -> list[Figures]:
    """Processor time a request, `cost_ms`: what other programs on the machine disturb least."""
    return [{"cost_ms": figures["cpu_pct"] * 10 / (figures["rate"] or math.nan)} for figures in rounds]


def spread(rounds: Sequence[Figures], name: str, unit: str = "") -> str:
    """The median, and the least and the most of the rounds, when they are several."""
    values = [_number(figures[name]) for figures in rounds]
    middle = f"{number(median(rounds, name))}{unit}"
    return middle if len(values) == 1 else f"{middle} ({number(min(values))}–{number(max(values))})"


def number(value: float) -> str:
    """With as many digits as mean something."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}"


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)

"""Rounds in shuffled order, what was skipped or failed in them, and the table that comes of it."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click

from tests.bench import machine
from tests.bench.bench import Bench, Theme
from tests.bench.loading import Figures
from tests.bench.peers import Missing
from tests.bench.table import HEAD, Line


@dataclass
class Outcome:
    """What came of all rounds."""

    rounds: int
    results: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)  # theme → piece → rounds
    skipped: dict[str, str] = field(default_factory=dict)  # peer → why
    failed: list[str] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def facts(self) -> list[str]:
        """What a reader must know besides the table."""
        return [
            f"load average before and after each round: {', '.join(f'{load:.1f}' for load in self.loads)}",
            *(f"skipped: {name} ({why})" for name, why in self.skipped.items()),
            *(f"failed: {what}" for what in self.failed),
        ]


def measure(bench: Bench, themes: Sequence[Theme], rounds: int) -> Outcome:
    """Every piece of every theme in every round; what cannot run is noted, the others go on."""
    outcome = Outcome(rounds, loads=[machine.load_average()])
    for turn in range(rounds):
        todo = [(theme, piece) for theme in themes if turn < theme.rounds for piece in theme.pieces]
        random.Random(turn).shuffle(todo)
        for theme, piece in todo:
            if piece not in outcome.skipped:
                _once(bench, theme, piece, turn + 1, outcome)
        outcome.loads.append(machine.load_average())
    return outcome


def _once(bench: Bench, theme: Theme, piece: str, turn: int, outcome: Outcome) -> None:
    what = f"{theme.name}, {piece}"
    click.echo(f"{datetime.now(UTC):%H:%M:%S} round {turn}: {what}", err=True)
    begun = time.monotonic()
    try:
        figures = theme.pieces[piece](bench)
        outcome.results.setdefault(theme.name, {}).setdefault(piece, []).append(figures)
    except Missing as missing:
        outcome.skipped[piece] = str(missing)
    except Exception as error:  # noqa: BLE001 - the page names it, and the other rows go on
        outcome.failed.append(f"{what} in round {turn}: {_in_a_line(error)}")
        click.echo(traceback.format_exc(), err=True)
    click.echo(f"         {time.monotonic() - begun:.0f} s", err=True)


def _in_a_line(error: Exception) -> str:
    """The last line of what it says: a server's log ends with the reason."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1]}".removesuffix(": ")


def table_of(bench: Bench, themes: Sequence[Theme], outcome: Outcome) -> list[str]:
    """All lines; a theme of which no round came to its end has one that says so."""
    lines: list[Line] = []
    for theme in themes:
        results = outcome.results.get(theme.name, {})
        lines.append(Line(f"**{theme.name}**", ""))
        if "ours" in results:
            first, *rest = theme.lines(bench.size, results)
            lines += [_with_rounds(first, len(results["ours"]), outcome.rounds), *rest]
        else:
            lines.append(Line("all of it", "no round came to its end", "", "**not met**"))
    return HEAD + [line.markdown() for line in lines]


def _with_rounds(first: Line, had: int, all_rounds: int) -> Line:
    """A theme that was not in every round says in how many it was."""
    words = "one round only" if had == 1 else f"{had} rounds only"
    return first if had == all_rounds else first._replace(value=f"{first.value}; {words}")

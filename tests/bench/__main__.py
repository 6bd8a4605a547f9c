"""`make bench`: ours and the peers in shuffled order, medians and ratios, into docs/benchmarks.md."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.bench import machine, page, parts
from tests.bench.bench import SMALL, Bench, Size, Theme
from tests.bench.loading import Load
from tests.bench.measuring import measure, table_of
from tests.bench.profiling import profiles
from tests.bench.rows import burst, coming_back, desk, fanout, flood, frozen, intake, pops, soak

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = ROOT / "build" / "bench"
MODULES = (fanout, flood, pops, intake, frozen, coming_back, soak, burst, desk)
THEMES = [theme for module in MODULES for theme in module.THEMES]
NAMES = [theme.name for theme in THEMES]


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--only", multiple=True, type=click.Choice([*NAMES, "profile"]), help="These rows, not all.")
@click.option("--ours", is_flag=True, help="Without the peers.")
@click.option("--small", is_flag=True, help="A tiny run, to see that everything works.")
@click.option("--soak-minutes", default=Size().soak_s / 60, show_default=True)
@click.option(
    "--page", "path", type=click.Path(path_type=Path), help="Where to write; a part is only printed."
)
def main(
    rounds: int, only: Sequence[str], ours: bool, small: bool, soak_minutes: float, path: Path | None
) -> None:
    """Measure, print, and write the page."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the same as Ctrl-C: all that runs is ended
    themes = [theme.alone() if ours else theme for theme in THEMES if not only or theme.name in only]
    with tempfile.TemporaryDirectory(prefix="pult-bench-") as temporary:
        folder = Path(temporary)
        size = SMALL if small else Size(soak_s=soak_minutes * 60)
        bench = Bench(Load(folder), folder, PARTS, size)
        lines = written(bench, themes, rounds)
        click.echo("\n".join(lines))
        if not only or "profile" in only:
            lines += (found := profiles(bench))
            click.echo("\n".join(found))
    whole = not (only or ours or small)
    if path or whole:
        page.save(path or PAGE, lines)


def written(bench: Bench, themes: Sequence[Theme], rounds: int) -> list[str]:
    """What was measured on, and the table."""
    begun = datetime.now(UTC)
    outcome = measure(bench, themes, rounds)
    minutes = (datetime.now(UTC) - begun).total_seconds() / 60
    facts = [
        f"{begun:%Y-%m-%d %H:%M} UTC, {rounds} rounds in shuffled order, {minutes:.0f} minutes",
        *machine.describe(),
        f"peers: {', '.join(parts.versions(bench.parts))}",
        *outcome.facts(),
    ]
    return [*(f"- {fact}" for fact in facts), "", *table_of(bench, themes, outcome), ""]


if __name__ == "__main__":
    main()

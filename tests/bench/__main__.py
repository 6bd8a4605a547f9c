"""`make bench`: ours and the peers in shuffled order, medians and ratios, into docs/benchmarks.md."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import Error as PlaywrightError

from tests.bench import machine, peers, profile, report, rows
from tests.bench.company import found
from tests.bench.loading import Failed, Figures, Load
from tests.bench.peers import Missing
from tests.bench.rows import Bench, Size
from tests.bench.serving import ours

PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
SMALL = Size(20, 4, 20, 5, 4, 1, (50,), 4)
SPARE_DESCRIPTORS = 500
PROFILED_S = 8


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--small", is_flag=True, help="A tiny run, to see that everything works.")
@click.option("--page", type=click.Path(path_type=Path), default=PAGE, show_default=True)
def main(rounds: int, small: bool, page: Path) -> None:
    """Measure, print, and write the page."""
    size = SMALL if small else Size()
    with tempfile.TemporaryDirectory(prefix="pult-bench-") as temporary:
        folder = Path(temporary)
        (folder / "run").mkdir()
        company = found(folder / "company", size.people + 1, 4)
        peers.install_node_peers(folder)
        bench = Bench(Load(folder), company, folder / "run", size)
        lines = measure(bench, rounds)
    report.save(page, lines)
    click.echo("\n".join(lines))


def measure(bench: Bench, rounds: int) -> list[str]:
    """All rounds, then the profiles; returns the page."""
    results: dict[str, list[Any]] = {}
    skipped: dict[str, str] = {}
    failed: list[str] = []
    loads = [machine.load_average()]
    for turn in range(rounds):
        todo = list(pieces(bench).items())
        random.Random(turn).shuffle(todo)
        for name, work in todo:
            if name in skipped:
                continue
            click.echo(f"{datetime.now(UTC):%H:%M:%S} round {turn + 1}: {name}", err=True)
            try:
                results.setdefault(name, []).append(work())
            except Missing as missing:
                skipped[name] = str(missing)
                results.pop(name)
            except (Failed, PlaywrightError, TimeoutError) as error:
                failed.append(f"{name} in round {turn + 1}: {str(error).splitlines()[0]}")
        loads.append(machine.load_average())
    if lost := [name for name in results if not results[name]]:
        raise click.ClickException(f"no round of {', '.join(lost)} came to its end: {'; '.join(failed)}")
    return page(bench.size, results, skipped, failed, loads) + profiles(bench)


def pieces(bench: Bench) -> dict[str, Callable[[], Any]]:
    """Everything that is measured in a round, by name."""
    todo: dict[str, Callable[[], Any]] = {
        "live": partial(rows.live, bench),
        "control": partial(rows.control, bench),
        "rush": partial(rows.rush, bench),
    }
    todo |= {peer.name: partial(rows.plain_rush, bench, peer) for peer in peers.PLAIN}
    for tabs in sizes(bench.size):
        todo[f"ours at {tabs}"] = partial(rows.fanout, bench, tabs)
        todo |= {
            f"{peer.name} at {tabs}": partial(rows.peer_fanout, bench, peer, tabs) for peer in peers.FANOUT
        }
    return todo


def sizes(size: Size) -> list[int]:
    """The numbers of tabs that this system's limit of descriptors allows."""
    return [tabs for tabs in size.fanout if tabs + SPARE_DESCRIPTORS <= machine.descriptors()]


def page(
    size: Size, results: dict[str, list[Any]], skipped: dict[str, str], failed: list[str], loads: list[float]
) -> list[str]:
    """The table and what it was measured on."""
    table = report.live_rows(results["live"], size.tabs, size.pushes_per_s)
    table += report.control_rows(results["control"])
    table += report.rush_rows(results["rush"], _of(results, [peer.name for peer in peers.PLAIN]))
    for tabs in sizes(size):
        others = _of(results, [f"{peer.name} at {tabs}" for peer in peers.FANOUT])
        named = {name.removesuffix(f" at {tabs}"): rounds for name, rounds in others.items()}
        table += report.fanout_rows(tabs, results[f"ours at {tabs}"], named)
    left_out = {name.partition(" at ")[0]: why for name, why in skipped.items()}
    facts = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {len(results['live'])} rounds in shuffled order",
        *machine.describe(),
        f"load average before and after each round: {', '.join(f'{load:.1f}' for load in loads)}",
        *(f"skipped: {name} ({why})" for name, why in left_out.items()),
        *(f"failed: {what}" for what in failed),
    ]
    return [
        *(f"- {fact}" for fact in facts),
        "",
        *report.table(table),
        "",
    ]


def _of(results: dict[str, list[Any]], names: list[str]) -> dict[str, list[Figures]]:
    return {name: results[name] for name in names if name in results}


def profiles(bench: Bench) -> list[str]:
    """More runs under py-spy, which slows them down: their figures are not used."""
    lines = ["### Where the time goes", ""]
    try:
        lines += profile_live(bench) + profile_rush(bench) + profile_fanout(bench)
    except (OSError, subprocess.CalledProcessError) as error:
        lines += [f"py-spy could not look: {getattr(error, 'stderr', None) or error}", ""]
    return lines


def profile_live(bench: Bench) -> list[str]:
    """The worker while whole calls come to open tabs, from the first call that ends on."""
    first_end_s = 4
    seconds = min(PROFILED_S, bench.size.seconds)
    with ours(bench.company, bench.folder) as server:
        run = rows.start_calls(bench, server)
        try:
            server.wait_for_tabs(bench.size.tabs)
            time.sleep(first_end_s)
            samples = profile.record(server.worker, bench.folder / "live.raw", seconds, run.figures)
        finally:
            run.stop()
    found = profile.shares(samples, seconds)
    return report.profile_lines(f"{bench.size.tabs} tabs, {bench.size.pushes_per_s:.0f} pushes/s", found)


def profile_rush(bench: Bench) -> list[str]:
    """The worker while pushes come as fast as they are taken."""
    script = rows.rush_script(bench)
    seconds = min(PROFILED_S, bench.size.rush_s)
    with ours(bench.company, bench.folder) as server:
        work = partial(rows.rush_at, bench, server, script, bench.size.rush_s)
        samples = profile.record(server.worker, bench.folder / "rush.raw", seconds, work)
    return report.profile_lines("Webhooks, 32 clients", profile.shares(samples, seconds))


def profile_fanout(bench: Bench) -> list[str]:
    """The worker while one push after the other goes to the most wallboards; connecting is over by then."""
    tabs, apart_s = sizes(bench.size)[0], 0.1
    count = 40
    seconds = max(1, int(count * apart_s))
    with ours(bench.company, bench.folder, coalesce_ms=0) as server:
        run = rows.start_fanout(bench, server, tabs, count=count, interval=apart_s, settle=2)
        try:
            server.wait_for_tabs(tabs)
            samples = profile.record(server.worker, bench.folder / "fanout.raw", seconds, run.figures)
        finally:
            run.stop()
    return report.profile_lines(f"One push to {tabs:,} wallboards", profile.shares(samples, seconds))


if __name__ == "__main__":
    main()

"""Loads under py-spy, which slows them down: their figures are not used."""

from __future__ import annotations

import subprocess
import time
from functools import partial

from tests.bench import page, profile
from tests.bench.bench import Bench, users_of
from tests.bench.rows import desk, fanout, intake, pops
from tests.bench.serving import ours

PROFILED_S = 8
FIRST_END_S = 4
APART_S = 0.1


def profiles(bench: Bench) -> list[str]:
    """A part of the page."""
    lines = ["### Where the time goes", ""]
    for load in (_live, _pops, _rush, _fanout):
        try:
            lines += load(bench)
        except (OSError, AssertionError, subprocess.CalledProcessError) as error:  # no py-spy, no server
            words = str(getattr(error, "stderr", None) or error).strip().splitlines()
            lines += [f"{load.__name__.strip('_')}: py-spy could not look: {words[-1]}", ""]
    return lines


def _live(bench: Bench) -> list[str]:
    """The worker while whole calls come to open tabs, from the first call that ends on."""
    seconds = min(PROFILED_S, bench.size.seconds)
    with ours(bench.office(), bench.folder) as server, desk.start_calls(bench, server) as run:
        server.wait_for_tabs(bench.size.tabs)
        time.sleep(FIRST_END_S)
        samples = profile.record(server.worker, bench.folder / "live.raw", seconds, run.figures)
    found = profile.shares(samples, seconds)
    return page.profile_lines(f"{bench.size.tabs} tabs, {bench.size.pushes_per_s:.0f} pushes/s", found)


def _pops(bench: Bench) -> list[str]:
    """The worker while cards come to many agents' tabs, and go."""
    seconds, tabs, per_s = min(PROFILED_S, bench.size.pops_s), bench.size.crowd, bench.size.pops_per_s[0]
    with (
        ours(bench.company(users_of(tabs)), bench.folder) as server,
        pops.start_pops(bench, server, 0) as run,
    ):
        server.wait_for_tabs(tabs)
        samples = profile.record(server.worker, bench.folder / "pops.raw", seconds, run.figures)
    return page.profile_lines(f"{tabs:,} tabs, {per_s} screen pops/s", profile.shares(samples, seconds))


def _rush(bench: Bench) -> list[str]:
    """The worker while pushes come as fast as they are taken."""
    script = intake.rush_script(bench)
    seconds = min(PROFILED_S, bench.size.rush_s)
    with ours(bench.office(), bench.folder) as server:
        work = partial(intake.rush_at, bench, server, script)
        samples = profile.record(server.worker, bench.folder / "rush.raw", seconds, work)
    return page.profile_lines("Webhooks, 32 clients", profile.shares(samples, seconds))


def _fanout(bench: Bench) -> list[str]:
    """The worker while one push after the other goes to all wallboards; connecting is over by then."""
    count = 2 * bench.size.publications
    seconds = max(1, int(count * APART_S))
    with (
        ours(bench.office(), bench.folder, coalesce_ms=0) as server,
        fanout.start_fanout(bench, server, count, interval=APART_S, settle=2) as run,
    ):
        server.wait_for_tabs(bench.size.fanout)
        samples = profile.record(server.worker, bench.folder / "fanout.raw", seconds, run.figures)
    return page.profile_lines(
        f"One push to {bench.size.fanout:,} wallboards", profile.shares(samples, seconds)
    )

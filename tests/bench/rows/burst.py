"""A burst of pushes before pages in Chromium; what it does and counts is in tests/e2e/burst.py."""

from __future__ import annotations

from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.browsing import chromium
from tests.bench.loading import Figures
from tests.bench.table import Goal, Line, figure, none, total
from tests.e2e.burst import LONG_TASK_MS, PUSHES_PER_S, burst

PEOPLE = 200  # as many as a wallboard shows


def pages(bench: Bench) -> Figures:
    """A wallboard and a desk while it lasts."""
    with chromium() as browser:
        company = bench.company(PEOPLE)
        found = burst(browser, bench.load, company, bench.folder, bench.size.burst_s)
    return found | {
        "most_frames_per_s": max(found["frames_per_s"].values(), default=0.0),
        "long_tasks": len(found["own_long_tasks"]),
        "differences": len(found["differences"]),
        "unanswered_pushes": found["sent"] - found["ok"],
    }


def lines(size: Size, results: Results) -> list[Line]:
    """Long tasks, what the pages say in the end, frames a region."""
    own = results["ours"]
    what = f"{PUSHES_PER_S} pushes/s for {size.burst_s:.0f} s, a wallboard and a desk in Chromium"
    counts = {name: total(own, name) for name in ("long_tasks", "differences", "unanswered_pushes")}
    return [
        none(f"{what}, which then say what the database says", **counts),
        figure("the longest task, processor time", own, "longest_cpu_ms", " ms", Goal(most=LONG_TASK_MS)),
        figure("frames of the region most often drawn", own, "most_frames_per_s", "/s", Goal(most=4)),
    ]


THEMES = [Theme("burst", {"ours": pages}, lines, rounds=1)]

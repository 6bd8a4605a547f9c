"""Hours of an office's traffic in minutes: what the worker's memory does, and whether anything is missing."""

from __future__ import annotations

import sqlite3

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme, users_of
from tests.bench.company import cookies_file
from tests.bench.loading import Figures
from tests.bench.serving import ours
from tests.bench.table import Goal, Line, figure, mishaps, none, total
from tests.bench.watching import slope, watch_memory

TABS, BOARDS = 60, 6
CALLS_PER_HOUR = 20  # of each agent
PUSHES_PER_CALL = 4
PACE = 0.35  # calls as short as leaves an agent about one card at a time
WARM_UP = 0.5  # of the time, while caches fill


def soak(bench: Bench) -> Figures:
    """Open tabs and whole calls at many times the pace of a day."""
    size, people = bench.size, users_of(TABS)
    company = bench.company(people)
    cookies = cookies_file(bench.folder / "cookies", company, TABS, BOARDS)
    pushes = traffic.day(people, size.soak_per_s, size.soak_s, PACE)
    script = traffic.save(bench.folder / "calls", pushes)
    listening = {"n": TABS + BOARDS, "watchers": BOARDS, "cookies_file": cookies, "settle": 2}
    frames = {"marker": traffic.MARKER, "stages": traffic.STAGES}
    with ours(company, bench.folder) as server:
        with bench.load.start("script", script=script, **listening, **frames, **server.options()) as run:
            server.wait_for_tabs(TABS + BOARDS)
            with watch_memory(server, every_s=size.soak_s / 200) as watch:
                found = run.figures()
        found |= {"rss_mb": watch.seen[-1][1], "not_in_inbox": found["ok"] - _stored(server.data_dir)}
    warm = [(at / 3600, mb) for at, mb in watch.seen if at > WARM_UP * size.soak_s]
    found["hours"] = len(pushes) / PUSHES_PER_CALL / (people * CALLS_PER_HOUR)
    found["mb_per_wall_hour"] = slope(warm)
    found["mb_per_hour"] = slope(warm) * size.soak_s / 3600 / found["hours"]
    return found


def _stored(data_dir: object) -> int:
    with sqlite3.connect(f"file:{data_dir}/pult.db?mode=ro", uri=True) as inbox:
        count: int = inbox.execute("SELECT count(*) FROM push WHERE state = 'ok'").fetchone()[0]
    inbox.close()
    return count


def lines(size: Size, results: Results) -> list[Line]:
    """The slope, and that nothing is missing."""
    own = results["ours"]
    office = f"{users_of(TABS)} agents with {CALLS_PER_HOUR} calls an hour each"
    what = f"{own[0]['hours']:.1f} hours of {office} in {size.soak_s / 60:.0f} minutes: memory grows by"
    sent = f"of {total(own, 'expected'):,} frames due and {total(own, 'sent'):,} pushes"
    stored = {"not_in_the_inbox": total(own, "not_in_inbox")}
    return [
        figure(what, own, "mb_per_hour", " MB an hour of traffic", Goal(most=2)),
        figure("the same, by the clock on the wall", own, "mb_per_wall_hour", " MB/h"),
        figure("resident at the end", own, "rss_mb", " MB"),
        none(sent, **mishaps(own), **stored),
    ]


THEMES = [Theme("soak", {"ours": soak}, lines, rounds=1)]

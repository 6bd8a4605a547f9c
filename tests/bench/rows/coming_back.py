"""A restart under open tabs, and tabs that come and go by the thousand."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme, users_of
from tests.bench.company import cookies_file
from tests.bench.loading import Figures
from tests.bench.rows.fanout import supervisor
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, figure, none, percentile, total
from tests.bench.watching import Footing, footing

FIRST_TRY_S, LONGEST_PAUSE_S = 0.3, 5  # as the pages have it
PUSHES_PER_S = 20
CYCLES_AT_ONCE = 32
MANY = 1_000_000
QUIET_WITHIN_S = 45  # as long as the hub waits for a tab that says nothing


def restart(bench: Bench) -> Figures:
    """The server ends and starts again while everybody watches and the PBX goes on pushing."""
    size = bench.size
    boards = size.returning // 20
    company = bench.company(users_of(size.returning - boards))
    cookies = cookies_file(bench.folder / "cookies", company, size.returning - boards, boards)
    pushes = traffic.day(size.people, PUSHES_PER_S, size.returning_s)
    how = {"n": size.returning, "watchers": boards, "cookies_file": cookies, "keepalive": 0, "pubconns": 64}
    how |= {"answers": (answers := bench.folder / "answers")}
    tries = {"reconnect": FIRST_TRY_S, "reconnect_max": LONGEST_PAUSE_S}
    script = traffic.save(bench.folder / "calls", pushes)
    with (
        ours(company, bench.folder) as server,
        bench.load.start("script", script=script, **how, **tries, **server.options()) as run,
    ):
        server.wait_for_tabs(size.returning)
        away_s = server.restart()
        serves_at = time.monotonic()
        found = run.figures()
    times = times_since(answers, serves_at)
    return found | {
        "away_s": away_s,
        "since_p99_ms": percentile(times, 0.99) * 1000,
        "wrong_answers": found["bad"] - found["refused"] - found["cut"],
    }


def times_since(answers: Path, at: float) -> list[float]:
    """How many seconds each answered push took that was due from then on."""
    lines = [line.split("\t") for line in answers.read_text().splitlines()]
    return [float(took) for due, took, status in lines if status != "0" and float(due) >= at]


def restart_lines(size: Size, results: Results) -> list[Line]:
    """How long until everybody is back, and the PBX meanwhile."""
    own = results["ours"]
    missing = sum(size.returning - figures["back"] for figures in own)
    away = f"{total(own, 'refused')} refused and {total(own, 'cut')} cut off while nothing listened"
    return [
        figure(f"{size.returning:,} tabs after a restart: lost to snapshot, p50", own, "back_p50_ms", " ms"),
        figure("the same, p99", own, "back_p99_ms", " ms", Goal(most=15_000)),
        figure("SIGTERM until the new process answers", own, "away_s", " s"),
        figure(f"webhooks from then on, {PUSHES_PER_S}/s, p99", own, "since_p99_ms", " ms", Goal(most=500)),
        figure("webhooks answered, those that waited for it included, p99", own, "answer_p99_ms", " ms"),
        none("tabs", not_back=missing),
        none(f"of {total(own, 'sent'):,} pushes ({away})", answered_wrongly=total(own, "wrong_answers")),
    ]


def cycles(bench: Bench) -> Figures:
    """Tabs that come and go, half of them by a reset."""
    with ours(bench.office(), bench.folder) as server:
        _cycle(bench, server, CYCLES_AT_ONCE * 4)  # what starts with the first tabs stays
        before = _quiet(server, Footing(MANY, MANY, 0))
        found = _cycle(bench, server, bench.size.cycles)
        after = _quiet(server, before)
    pairs = zip(Footing._fields, after, before, strict=True)
    return found | {f"grown_{name}": now - then for name, now, then in pairs}


def _cycle(bench: Bench, server: Ours, count: int) -> Figures:
    how = {"count": count, "conc": CYCLES_AT_ONCE, "cookie": supervisor(bench), "wait": 600}
    return bench.load.run("cycle", **how, **server.options())


def _quiet(server: Ours, wanted: Footing) -> Footing:
    """How it stands when it is no more than `wanted`, or when there was time enough for that."""
    until = time.monotonic() + QUIET_WITHIN_S
    found = footing(server)
    while any(now > then for now, then in zip(found, wanted, strict=True)) and time.monotonic() < until:
        time.sleep(0.5)
        found = footing(server)
    return found


def cycles_lines(_size: Size, results: Results) -> list[Line]:
    """What is left of them."""
    own = results["ours"]
    resets = total(own, "resets") + total(own, "early_resets")
    halves = f"{total(own, 'goodbyes'):,} with a goodbye, {resets:,} by a reset"
    what = f"{total(own, 'cycles'):,} tabs come and go ({halves}): "
    within = Goal(least=-2, most=2)
    return [
        figure(f"{what}threads more than at the start", own, "grown_threads", "", within),
        figure("the same, descriptors", own, "grown_descriptors", "", within),
        figure("the same, tabs in the hub", own, "grown_tabs", "", within),
        figure("connects a second", own, "rate", "/s"),
    ]


THEMES = [
    Theme("restart", {"ours": restart}, restart_lines, rounds=2),
    Theme("cycles", {"ours": cycles}, cycles_lines, rounds=1),
]

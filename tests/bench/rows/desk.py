"""The ordinary day: open tabs, whole calls, a browser that is watched, the PBX that asks who calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.browsing import measure_pops, open_desk
from tests.bench.company import cookies_file, login
from tests.bench.loading import Figures, Run
from tests.bench.peers import RAW
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, cost, figure, mishaps, none, number, percentile, spread, total

QUESTIONS_PER_S = 20


def live(bench: Bench) -> Figures:
    """Open tabs and whole calls, while a browser is watched and the PBX asks who calls."""
    size, company = bench.size, bench.office()
    found: dict[str, Figures] = {}
    agent = size.people  # nobody else calls them
    with ours(company, bench.folder) as server, open_desk(server, company.agents[agent]) as desk:
        found["alone"] = _ask(bench, server, min(10, size.seconds))
        with start_calls(bench, server) as run:
            server.wait_for_tabs(size.tabs + 1)
            with ThreadPoolExecutor(1) as beside:
                asked = beside.submit(_ask, bench, server, size.seconds * 0.75)
                found["pop"] = measure_pops(desk, server, login(agent), size.pops)
                found["contact"] = asked.result()
            found["live"] = run.figures() | server.memory()
    return found


def start_calls(bench: Bench, server: Ours) -> Run:
    """Open the tabs and let the phones ring."""
    size = bench.size
    cookies = cookies_file(bench.folder / "cookies", bench.office(), size.tabs - size.boards, size.boards)
    calls = traffic.day(size.people, size.pushes_per_s, size.seconds)
    script = traffic.save(bench.folder / "calls", calls)
    listening = {"n": size.tabs, "watchers": size.boards, "cookies_file": cookies}
    frames = {"marker": traffic.MARKER, "stages": traffic.STAGES, "settle": 1}
    return bench.load.start("script", script=script, **listening, **frames, **server.options())


def control(bench: Bench) -> Figures:
    """The same pushes to a server that only answers: what this machine itself adds to every answer."""
    calls = traffic.day(bench.size.people, bench.size.pushes_per_s, bench.size.seconds / 2)
    script = traffic.save(bench.folder / "calls", calls)
    with RAW.running(bench) as (port, _pids):
        return bench.load.run("script", script=script, pub=f"http://127.0.0.1:{port}/publish")


def _ask(bench: Bench, server: Ours, seconds: float) -> Figures:
    script = traffic.save(bench.folder / "questions", traffic.questions(QUESTIONS_PER_S, seconds))
    return bench.load.run("script", script=script, pub=f"{server.url}/pbx")


def lines(size: Size, results: Results) -> list[Line]:
    """The answer, the frame, the pop in the DOM, memory, and who calls."""
    rounds = results["ours"]
    what = f"{size.tabs} open tabs, {size.pushes_per_s:.0f} pushes/s of whole calls"
    found = _live_lines(what, [one["live"] for one in rounds])
    found += _pop_lines([one["pop"] for one in rounds])
    for name, words in (("alone", "`contact` alone"), ("contact", "`contact` while all that runs")):
        asked = [one[name] for one in rounds]
        found.append(figure(f"{words}, p50", asked, "answer_p50_ms", " ms"))
        found.append(figure("the same, p99", asked, "answer_p99_ms", " ms", Goal(most=20)))
    if "control" in results:
        machine = results["control"]
        value = f"{spread(machine, 'answer_p50_ms')} / {spread(machine, 'answer_p99_ms', ' ms')}"
        found.append(Line("control: the same pushes to a C server that only answers, p50 / p99", value))
    return found


def _live_lines(what: str, lives: list[Figures]) -> list[Line]:
    expected, sent = total(lives, "expected"), total(lives, "sent")
    return [
        figure(f"{what}: the webhook's answer, p50", lives, "answer_p50_ms", " ms"),
        figure("the same, p99", lives, "answer_p99_ms", " ms", Goal(most=50)),
        figure("the frame at the right tab, from the push's due time, p50", lives, "frame_p50_ms", " ms"),
        figure("the same, p99", lives, "frame_p99_ms", " ms"),
        none(f"of {expected:,} frames due and {sent:,} pushes sent", **mishaps(lives)),
        figure("processor time a push, live pages included", cost(lives), "cost_ms", " ms"),
        figure("memory of the worker at the end, resident", lives, "rss_mb", " MB", Goal(most=150)),
        figure("memory of all its processes, proportional", lives, "pss_all_mb", " MB"),
    ]


def _pop_lines(pops: list[Figures]) -> list[Line]:
    times = [time for pop in pops for time in pop["times_ms"]]
    slowest, goal = percentile(times, 0.99), Goal(most=100)
    what = f"pop in Chromium's DOM meanwhile ({total(pops, 'popped')} of {total(pops, 'rung')}), p50"
    return [
        Line(what, f"{number(percentile(times, 0.5))} ms"),
        Line("the same, p99", f"{number(slowest)} ms", goal.words(" ms"), goal.verdict(slowest)),
        none("cards on that desk", of_others=total(pops, "of_others")),
    ]


PIECES: dict[str, Callable[[Bench], Any]] = {"ours": live, "control": control}
THEMES = [Theme("live", PIECES, lines)]

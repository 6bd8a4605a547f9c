"""Screen pops at a rate: from the webhook through the COMMIT to the frame at the right agent's tabs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme, users_of
from tests.bench.company import cookies_file
from tests.bench.loading import Figures, Run
from tests.bench.peers import DURABLE, Peer
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, cost, figure, mishaps, none, total

AGENTS_TABS_ONLY = 0


def pops(bench: Bench, which: int) -> Figures:
    """Waves of calls ring at agents with open tabs, and are cancelled."""
    with ours(bench.company(users_of(bench.size.crowd)), bench.folder) as server:
        return start_pops(bench, server, which).figures()


def start_pops(bench: Bench, server: Ours, which: int) -> Run:
    """The same, begun."""
    company = bench.company(users_of(bench.size.crowd))
    cookies = cookies_file(bench.folder / "cookies", company, bench.size.crowd, AGENTS_TABS_ONLY)
    return _start(bench, which, cookies_file=cookies, **server.options() | {"pids": str(server.worker)})


def peer_pops(bench: Bench, which: int, peer: Peer) -> Figures:
    """The same at a server that inserts a row and sends."""
    with peer.running(bench) as (port, pids):
        return _start(bench, which, pids=pids, **peer.options(port)).figures()


def _start(bench: Bench, which: int, **address: Any) -> Run:
    tabs = bench.size.crowd
    pushes = traffic.waves(users_of(tabs), bench.size.pops_per_s[which], bench.size.pops_s)
    script = traffic.save(bench.folder / "pops", pushes)
    how = {"n": tabs, "pubconns": 32, "stages": traffic.STAGES, "settle": 1, "marker": traffic.MARKER}
    return bench.load.start("script", script=script, **how | address)


def lines(size: Size, results: Results, which: int) -> list[Line]:
    """The frame, the answer, what was lost. The first rate is the target, the second the stretch."""
    own, per_s, stretch = results["ours"], size.pops_per_s[which], which > 0
    what = f"screen pop at {per_s:,} pushes/s, {size.crowd:,} agents' tabs: webhook → COMMIT → frame"
    sent = f"of {total(own, 'expected'):,} frames due and {total(own, 'sent'):,} pushes"
    found = [
        figure(f"{what}, p50", own, "stage0_p50_ms", " ms", Goal(most=1.5, stretch=stretch)),
        figure("the same, p99", own, "stage0_p99_ms", " ms", Goal(most=15, stretch=stretch)),
        figure("the card that goes, p50", own, "stage2_p50_ms", " ms"),
        figure("the same, p99", own, "stage2_p99_ms", " ms"),
        figure("the webhook's answer, p50", own, "answer_p50_ms", " ms"),
        figure("the same, p99", own, "answer_p99_ms", " ms"),
        figure(f"pushes answered, {per_s:,}/s offered", own, "rate", "/s"),
        figure("processor time a push", cost(own), "cost_ms", " ms"),
        none(sent, **mishaps(own)),
    ]
    if DURABLE.name in results:
        found += _peer_lines(DURABLE.name, results[DURABLE.name])
    return found


def _peer_lines(name: str, theirs: Sequence[Figures]) -> list[Line]:
    return [
        figure(f"{name}: the frame, p50", theirs, "stage0_p50_ms", " ms"),
        figure("the same, p99", theirs, "stage0_p99_ms", " ms"),
        figure("the same, processor time a push", cost(theirs), "cost_ms", " ms"),
    ]


def _theme(which: int) -> Theme:
    peer = partial(peer_pops, which=which, peer=DURABLE)
    pieces = {"ours": partial(pops, which=which), DURABLE.name: peer}
    return Theme(f"pop{Size().pops_per_s[which]}", pieces, partial(lines, which=which))


THEMES = [_theme(which) for which in range(len(Size().pops_per_s))]

"""Tabs that stop reading: what the others feel of it, when they are dropped, and what a new one is told."""

from __future__ import annotations

import re
from functools import partial

from simple_websocket import Client

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.company import login, phone
from tests.bench.loading import Figures
from tests.bench.rows.fanout import supervisor
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, figure, none, total
from tests.bench.watching import dropped_after_s, watch_tabs

LEFT_RINGING = 5
SNAPSHOT = 'id="calls"'
ANSWERS_WITHIN_S = 10
SMALL_BUFFER = 8192  # of the frozen: what is sent to them waits in the server's own soon


def frozen(bench: Bench, which: int) -> Figures:
    """Whole calls on everybody's wallboard; after a while the first tabs are frozen, later they wake."""
    size = bench.size
    tabs, still, per_s = size.frozen[which]
    end_s = size.frozen_after_s + size.frozen_for_s
    script = traffic.save(bench.folder / "frozen", _pushes(size, per_s, end_s + size.frozen_after_s / 2))
    how = {"n": tabs, "slow": still, "slow_after": size.frozen_after_s, "slow_until": end_s}
    how |= {"slow_buffer": SMALL_BUFFER}
    frames = {"marker": traffic.MARKER, "stages": traffic.STAGES, "settle": 1}
    with ours(bench.office(), bench.folder, coalesce_ms=0) as server:
        options = server.options() | {"cookie": supervisor(bench), "reconnect": 0.3}
        with bench.load.start("script", script=script, **how, **frames, **options) as run:
            server.wait_for_tabs(tabs)
            with watch_tabs(server) as watch:
                found = run.figures()
        found["dropped_s"] = dropped_after_s(watch.seen, tabs - still)
        found["untold"] = len(_ringing() ^ _told(server, supervisor(bench)))
    found["growth"] = found["phase1_p99_ms"] / found["phase0_p99_ms"]
    return found


def _pushes(size: Size, per_s: float, seconds: float) -> list[traffic.Line]:
    lines = traffic.to_all(size.people, per_s, seconds)
    last, after = lines[-1].at_ms + 100, max(line.number for line in lines) + 1
    for n, callid in enumerate(sorted(_ringing())):
        call = {"callid": callid, "phone": phone(n), "user": login(n), "direction": "in"}
        body = traffic.form(cmd="event", type="INCOMING", **call)
        lines.append(traffic.Line(last, traffic.NOBODY, after, traffic.NO_FRAME, body))
    return lines


def _ringing() -> set[str]:
    """Calls that still ring when all is over."""
    return {f"left{n:09}" for n in range(LEFT_RINGING)}


def _told(server: Ours, cookie: str) -> set[str]:
    """The calls that a new wallboard is told of."""
    client = Client(f"ws://127.0.0.1:{server.port}/live", headers={"Cookie": cookie, "Origin": server.url})
    try:
        while (frame := client.receive(timeout=ANSWERS_WITHIN_S)) is not None:
            if SNAPSHOT in frame:
                return set(re.findall(r'data-callid="([^"]+)"', frame))
    finally:
        client.close()
    raise TimeoutError("a new wallboard is told nothing")


def lines(size: Size, results: Results, which: int) -> list[Line]:
    """The others before and meanwhile, the drop, and healing."""
    own, (tabs, still, per_s) = results["ours"], size.frozen[which]
    ones = "one is frozen" if still == 1 else f"{still} are frozen"
    what = f"{tabs:,} wallboards, {per_s:.0f} pushes/s: the frame before {ones}, p99"
    drop = "the frozen dropped after the first byte that could not be written"
    wake = {
        "frames_lost_by_others": total(own, "lost"),
        "not_back": sum(still - figures["back"] for figures in own),
        "calls_untold_to_a_new_tab": total(own, "untold"),
    }
    return [
        figure(what, own, "phase0_p99_ms", " ms"),
        figure("the others' frames meanwhile, p99", own, "phase1_p99_ms", " ms"),
        figure("growth by the frozen", own, "growth", " ×", Goal(most=1.5)),
        figure(drop, own, "dropped_s", " s", Goal(most=10)),
        none("when they wake", **wake),
    ]


def _theme(which: int) -> Theme:
    pieces = {"ours": partial(frozen, which=which)}
    return Theme(f"frozen{Size().frozen[which][0]}", pieces, partial(lines, which=which))


THEMES = [_theme(which) for which in range(len(Size().frozen))]

"""Many pushes a second to everybody: which rate still arrives."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.company import login, phone
from tests.bench.loading import Figures
from tests.bench.peers import NAIVE, NODE, RAW, Peer
from tests.bench.rows.fanout import supervisor
from tests.bench.serving import ours
from tests.bench.table import Goal, Line, figure, none, total, versus

PEERS = (RAW, NODE, NAIVE)
SHARE_OF_RATE = 0.98


def flood(bench: Bench) -> Figures:
    """New calls ring, every tab is a supervisor's wallboard."""
    call = {"callid": f"{traffic.CALLID}%SEQ%", "phone": phone(1), "user": login(bench.size.people)}
    body = traffic.form(cmd="event", type="INCOMING", direction="in", **call)
    with ours(bench.office(), bench.folder, coalesce_ms=0) as server:
        options = server.options() | {"pids": str(server.worker)}
        return _run(bench, body, marker=traffic.MARKER, cookie=supervisor(bench), **options)


def peer_flood(bench: Bench, peer: Peer) -> Figures:
    """The same publications at a peer."""
    with peer.running(bench) as (port, pids):
        return _run(bench, peer.body, pids=pids, **peer.options(port))


def _run(bench: Bench, body: str, **address: Any) -> Figures:
    size = bench.size
    pushes = traffic.ringing(body, size.flood_per_s, size.flood_s)
    script = traffic.save(bench.folder / "flood", pushes)
    found = bench.load.run("script", script=script, n=size.flood_tabs, settle=1, pubconns=32, **address)
    # What each tab got, by the time until the last frame: a server that is behind has less of it.
    found["frames_rate"] = found["arrived"] / (size.flood_tabs * max(found["frames_s"], size.flood_s))
    return found


def lines(size: Size, results: Results) -> list[Line]:
    """The rate, the delay, and what the peers reach."""
    own, least = results["ours"], Goal(least=SHARE_OF_RATE * size.flood_per_s)
    what = f"{size.flood_tabs:,} wallboards, {size.flood_per_s:.0f} pushes/s to all: frames a tab"
    found = [
        figure(what, own, "frames_rate", "/s", least),
        figure("the frame, p50", own, "frame_p50_ms", " ms"),
        figure("the same, p99", own, "frame_p99_ms", " ms", Goal(most=150)),
        figure("the webhook's answer meanwhile, p99", own, "answer_p99_ms", " ms"),
        none(f"of {total(own, 'expected'):,} frames", lost=total(own, "lost")),
    ]
    for peer in PEERS:
        if peer.name in results:
            theirs = results[peer.name]
            found.append(versus(f"{peer.name}: frames a tab", own, theirs, "frames_rate", "/s"))
            found.append(figure("the same, the frame, p99", theirs, "frame_p99_ms", " ms"))
    return found


PIECES = {"ours": flood} | {peer.name: partial(peer_flood, peer=peer) for peer in PEERS}
THEMES = [Theme("flood", PIECES, lines)]

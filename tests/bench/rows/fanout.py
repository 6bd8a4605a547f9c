"""One push to a wallboard that is open everywhere: the last tab, the answer meanwhile, memory a tab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.company import login, phone
from tests.bench.loading import Failed, Figures, Run
from tests.bench.peers import FANOUT, Peer
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, figure, median, none, number, total, versus

DEFLATE = "ours, deflate offered"
RATIOS = {
    "raw C epoll": 1.25,
    "nchan": 1.0,
    "node ws": 0.8,
    "naive flask-sock": 0.6,
    "Flask-SocketIO": 0.25,
}


def fanout(bench: Bench) -> Figures:
    """One push to a wallboard that is open everywhere."""
    with ours(bench.office(), bench.folder, coalesce_ms=0) as server:
        return start_fanout(bench, server, bench.size.publications).figures()


def start_fanout(bench: Bench, server: Ours, count: int, **more: float) -> Run:
    """The same, begun."""
    call = {"callid": f"{traffic.CALLID}%SEQ%", "phone": phone(1), "user": login(bench.size.people)}
    body = traffic.form(cmd="event", type="INCOMING", direction="in", **call)
    how = {"n": bench.size.fanout, "count": count, "cookie": supervisor(bench), "marker": traffic.MARKER}
    return bench.load.start("fanout", body=body, **how, **more, **server.options())


def supervisor(bench: Bench) -> str:
    """The cookie of somebody whose every tab is a wallboard."""
    return f"pult={bench.office().supervisors[0]}"


def peer_fanout(bench: Bench, peer: Peer) -> Figures:
    """One publication to all tabs of a peer."""
    with peer.running(bench) as (port, pids):
        how = {"n": bench.size.fanout, "count": bench.size.publications, "body": peer.body, "pids": pids}
        found = bench.load.run("fanout", **how, **peer.options(port))
    if found["open"] < bench.size.fanout or found["incomplete"]:
        raise Failed(f"{found['open']} tabs, {found['incomplete']} publications did not reach them all")
    return found


def deflate(bench: Bench) -> Figures:
    """The same tabs, offering to deflate as browsers do; they only stay open."""
    with ours(bench.office(), bench.folder, coalesce_ms=0) as server:
        how = {"n": bench.size.fanout, "cookie": supervisor(bench), "deflate": 1, "secs": 2}
        return bench.load.run("hold", **how, **server.options())


def lines(size: Size, results: Results) -> list[Line]:
    """Ours, then each peer with the ratio that is aimed at."""
    own, tabs = results["ours"], size.fanout
    found = [
        figure(f"one push to {tabs:,} wallboards: the last tab", own, "last_ms", " ms"),
        figure("the webhook's answer meanwhile, p50", own, "answer_p50_ms", " ms", Goal(most=5)),
        figure("the same, the slowest", own, "answer_max_ms", " ms"),
        figure("processor time a push, the server's", own, "cpu_ms_each", " ms"),
        figure("memory a tab", own, "kib_per_tab", " KiB", Goal(most=2)),
        figure("all tabs connected", own, "connect_s", " s"),
        none(f"of {total(own, 'published'):,} publications", not_at_every_tab=total(own, "incomplete")),
    ]
    if DEFLATE in results:
        offered = results[DEFLATE]
        found.insert(5, figure("the same, deflate offered", offered, "kib_per_tab", " KiB", Goal(most=2)))
    for name, most in RATIOS.items():
        if name in results:
            what, more = f"{name}, {tabs:,} tabs: the last tab", _more(results[name])
            found.append(versus(what, own, results[name], "last_ms", " ms", Goal(most=most), more))
    return found


def _more(theirs: Sequence[Figures]) -> str:
    cpu, memory = median(theirs, "cpu_ms_each"), median(theirs, "kib_per_tab")
    return f"; {number(cpu)} ms of processor, {number(memory)} KiB a tab"


PIECES = {"ours": fanout, DEFLATE: deflate}
THEMES = [Theme("fanout", PIECES | {peer.name: partial(peer_fanout, peer=peer) for peer in FANOUT}, lines)]

"""Webhooks as fast as they are taken, and the question who calls, alone and among many events."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from tests.bench import traffic
from tests.bench.bench import Bench, Results, Size, Theme
from tests.bench.loading import Figures
from tests.bench.peers import DURABLE, PLAIN, Peer
from tests.bench.serving import Ours, ours
from tests.bench.table import Goal, Line, cost, figure, none, total, versus

PEERS = (*PLAIN, DURABLE)  # a commit for each request; the last is not our language
PBX_CLIENTS = 32
QUESTIONS_PER_S = 50
MORE_THAN_TAKEN = 6000  # pushes or questions a second
FULL_AFTER_S = 5.0  # a call sends its last push by then: from here on the events have their whole rate


def rush(bench: Bench) -> Figures:
    """Whole calls from clients that push again as soon as they are answered; nobody watches."""
    script = rush_script(bench)
    with ours(bench.office(), bench.folder) as server:
        return rush_at(bench, server, script)


def rush_script(bench: Bench) -> Path:
    """More calls than will be taken."""
    calls = traffic.rush(bench.size.people, int(bench.size.rush_s * MORE_THAN_TAKEN / 4))
    return traffic.save(bench.folder / "rush", calls)


def rush_at(bench: Bench, server: Ours, script: Path) -> Figures:
    """The load itself."""
    how = {"closed": 1, "pubconns": PBX_CLIENTS, "secs": bench.size.rush_s}
    return bench.load.run("script", script=script, **how, pub=f"{server.url}/pbx", pids=server.worker)


def plain_rush(bench: Bench, peer: Peer) -> Figures:
    """The same number of clients at a server that only inserts a row."""
    with peer.running(bench) as (port, pids):
        body = f"cmd=event&type=INCOMING&{peer.body}"
        how = {"conc": PBX_CLIENTS, "secs": bench.size.rush_s, "body": body}
        return bench.load.run("http", pub=f"http://127.0.0.1:{port}/publish", pids=pids, **how)


def contact(bench: Bench) -> Figures:
    """Questions as fast as they are answered, then some among many events."""
    size = bench.size
    many = traffic.save(bench.folder / "many", traffic.questions(MORE_THAN_TAKEN, size.contacts_s))
    some = traffic.save(bench.folder / "some", traffic.questions(QUESTIONS_PER_S, size.contacts_s))
    calls = traffic.day(size.people, size.events_per_s, FULL_AFTER_S + size.contacts_s + 1)
    events = traffic.save(bench.folder / "events", calls)
    with ours(bench.office(), bench.folder) as server:
        pub = {"pub": f"{server.url}/pbx", "pubconns": PBX_CLIENTS}
        closed = {"closed": 1, "secs": size.contacts_s}
        alone = bench.load.run("script", script=many, **closed, **pub, pids=server.worker)
        with bench.load.start("script", script=events, **pub, pids=server.worker) as run:
            time.sleep(FULL_AFTER_S)
            asked = bench.load.run("script", script=some, **pub)
            return {"alone": alone, "asked": asked, "events": run.figures()}


def rush_lines(_size: Size, results: Results) -> list[Line]:
    """Rate, and the plain way beside it."""
    own = results["ours"]
    sent = total(own, "sent")
    what = f"webhooks stored and projected, {PBX_CLIENTS} keep-alive clients"
    found = [
        figure(what, own, "rate", "/s", Goal(least=1500)),
        figure("the same", own, "rate", "/s", Goal(least=2000, stretch=True)),
        figure("the same, p99", own, "answer_p99_ms", " ms", Goal(most=40)),
        figure("processor time a push", cost(own), "cost_ms", " ms"),
        none(f"of {sent:,} pushes", not_answered_200=sent - total(own, "ok")),
    ]
    for peer in PEERS:
        if peer.name in results:
            theirs, goal = results[peer.name], Goal(least=2.5) if peer in PLAIN else None
            found += [
                versus(f"{peer.name}: rate", own, theirs, "rate", "/s", goal),
                figure("the same, p99", theirs, "answer_p99_ms", " ms"),
                figure("the same, processor time a push", cost(theirs), "cost_ms", " ms"),
            ]
    return found


def contact_lines(size: Size, results: Results) -> list[Line]:
    """Alone, and among events."""
    alone, asked, events = ([one[name] for one in results["ours"]] for name in ("alone", "asked", "events"))
    refused = total(alone, "bad") + total(asked, "bad")
    among = f"`contact`, {QUESTIONS_PER_S}/s, while {size.events_per_s:,.0f} events/s come in"
    return [
        figure(f"`contact` alone, {PBX_CLIENTS} clients", alone, "rate", "/s", Goal(least=2000)),
        figure("the same, p99", alone, "answer_p99_ms", " ms"),
        figure(f"{among}, p50", asked, "answer_p50_ms", " ms"),
        figure("the same, p99", asked, "answer_p99_ms", " ms", Goal(most=30)),
        figure("events answered, with those of the first and the last calls", events, "rate", "/s"),
        figure("the same, p99 from the due time", events, "answer_p99_ms", " ms"),
        none("questions and events", refused=refused + total(events, "bad")),
    ]


THEMES = [
    Theme("rush", {"ours": rush} | {peer.name: partial(plain_rush, peer=peer) for peer in PEERS}, rush_lines),
    Theme("contact", {"ours": contact}, contact_lines),
]

"""What is measured. Each function is one round of one row and returns its figures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench import traffic
from tests.bench.company import Company, cookies_file, login, owners, phone
from tests.bench.loading import Figures, Load, Run
from tests.bench.machine import load_average
from tests.bench.peers import RAW, Peer
from tests.bench.pops import measure_pops, open_desk
from tests.bench.serving import Ours, ours

QUESTIONS_PER_S = 20
PBX_CLIENTS = 32


@dataclass(frozen=True)
class Size:
    """How much of everything. `people` get the calls; the company has one agent more, for the browser."""

    tabs: int = 300
    boards: int = 20
    pushes_per_s: float = 100
    seconds: float = 25
    pops: int = 70
    rush_s: float = 5
    fanout: tuple[int, ...] = (2000, 5000)
    publications: int = 20

    @property
    def people(self) -> int:
        return max(owners(self.tabs - self.boards)) + 1


@dataclass(frozen=True)
class Bench:
    """What every row needs."""

    load: Load
    company: Company
    folder: Path
    size: Size


def live(bench: Bench) -> dict[str, Figures]:
    """Open tabs and whole calls, while a browser is watched and the PBX asks who calls."""
    size = bench.size
    found: dict[str, Figures] = {}
    agent = size.people  # nobody else calls them
    with (
        ours(bench.company, bench.folder) as server,
        open_desk(server, bench.company.agents[agent]) as desk,
    ):
        found["contact alone"] = _ask(bench, server, min(10, size.seconds))
        run = start_calls(bench, server)
        try:
            server.wait_for_tabs(size.tabs + 1)
            with ThreadPoolExecutor(1) as beside:
                asked = beside.submit(_ask, bench, server, size.seconds * 0.75)
                found["pop"] = measure_pops(desk, server, login(agent), size.pops)
                found["contact"] = asked.result()
            found["live"] = run.figures() | server.memory() | {"load": load_average()}
        finally:
            run.stop()
    return found


def start_calls(bench: Bench, server: Ours) -> Run:
    """Open the tabs and let the phones ring."""
    size = bench.size
    cookies = cookies_file(bench.folder / "cookies", bench.company, size.tabs - size.boards, size.boards)
    calls = traffic.day(size.people, size.pushes_per_s, size.seconds)
    script = traffic.save(bench.folder / "calls", calls)
    listening = {"n": size.tabs, "watchers": size.boards, "cookies_file": cookies}
    frames = {"marker": traffic.MARKER, "stages": traffic.STAGES, "settle": 1}
    return bench.load.start("script", script=script, **listening, **frames, **server.options())


def control(bench: Bench) -> Figures:
    """The same pushes to a server that only answers: what this machine itself adds to every answer."""
    calls = traffic.day(bench.size.people, bench.size.pushes_per_s, bench.size.seconds / 2)
    script = traffic.save(bench.folder / "calls", calls)
    with RAW.running(bench.folder) as (port, _pids):
        return bench.load.run("script", script=script, pub=f"http://127.0.0.1:{port}/publish")


def _ask(bench: Bench, server: Ours, seconds: float) -> Figures:
    script = traffic.save(bench.folder / "questions", traffic.questions(QUESTIONS_PER_S, seconds))
    return bench.load.run("script", script=script, pub=f"{server.url}/pbx")


def rush(bench: Bench) -> Figures:
    """Whole calls from clients that push again as soon as they are answered; nobody watches."""
    script = rush_script(bench)
    with ours(bench.company, bench.folder) as server:
        return rush_at(bench, server, script, bench.size.rush_s) | {"load": load_average()}


def rush_script(bench: Bench) -> Path:
    """More calls than will be taken."""
    calls = traffic.rush(bench.size.people, int(bench.size.rush_s * 1500))
    return traffic.save(bench.folder / "rush", calls)


def rush_at(bench: Bench, server: Ours, script: Path, seconds: float) -> Figures:
    """The load itself."""
    how = {"closed": 1, "pubconns": PBX_CLIENTS, "secs": seconds}
    return bench.load.run("script", script=script, **how, pub=f"{server.url}/pbx", pids=server.worker)


def plain_rush(bench: Bench, peer: Peer) -> Figures:
    """The same number of clients at a server that only inserts a row."""
    with peer.running(bench.folder) as (port, pids):
        body = f"cmd=event&type=INCOMING&{peer.body}"
        how = {"conc": PBX_CLIENTS, "secs": bench.size.rush_s, "body": body}
        return bench.load.run("http", pub=f"http://127.0.0.1:{port}/publish", pids=pids, **how)


def fanout(bench: Bench, tabs: int) -> Figures:
    """One push to a wallboard that is open everywhere."""
    with ours(bench.company, bench.folder, coalesce_ms=0) as server:
        return fanout_at(bench, server, tabs) | {"load": load_average()}


def fanout_at(bench: Bench, server: Ours, tabs: int) -> Figures:
    """The load itself."""
    return start_fanout(bench, server, tabs, count=bench.size.publications).figures()


def start_fanout(bench: Bench, server: Ours, tabs: int, **more: float) -> Run:
    """The same, begun."""
    call = {"callid": f"{traffic.CALLID}%SEQ%", "phone": phone(1), "user": login(bench.size.people)}
    body = traffic.form(cmd="event", type="INCOMING", direction="in", **call)
    cookie = f"pult={bench.company.supervisors[0]}"
    how = {"n": tabs, "cookie": cookie, "marker": traffic.MARKER, **more}
    return bench.load.start("fanout", body=body, **how, **server.options())


def peer_fanout(bench: Bench, peer: Peer, tabs: int) -> Figures:
    """One publication to all tabs of a peer."""
    with peer.running(bench.folder) as (port, pids):
        how = {"n": tabs, "count": bench.size.publications, "marker": peer.marker, "body": peer.body}
        address = {"ws": f"ws://127.0.0.1:{port}{peer.path}", "pub": f"http://127.0.0.1:{port}/publish"}
        more = {"hello": peer.hello} if peer.hello else {}
        return bench.load.run("fanout", ctype=peer.ctype, pids=pids, **how, **address, **more)

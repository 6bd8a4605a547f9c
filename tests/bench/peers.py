"""Other servers that do the same work. One whose parts are missing is skipped by name."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import parts
from tests.bench.bench import Bench
from tests.bench.company import phone
from tests.bench.loading import HERE, compile_c
from tests.bench.machine import family
from tests.bench.traffic import CALLID, MARKER
from tests.serving import free_port

PEERS = HERE / "peers"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
STARTS_WITHIN_S = 20
GUNICORN = (sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "error")


class Missing(RuntimeError):
    """A part of the system that a peer needs is not there; the message names it."""


@dataclass(frozen=True)
class Started:
    """How a peer is run and spoken to."""

    command: list[str]
    cwd: Path = PEERS
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A server. `start(bench, port)` says how; raises Missing."""

    name: str
    start: Callable[[Bench, int], Started]
    body: str = f"to=all&callid={CALLID}%SEQ%&phone={phone(1)}&user=nobody"
    ctype: str = "application/x-www-form-urlencoded"
    path: str = "/ws?user=%U%"
    marker: str = MARKER
    hello: str = ""

    @contextmanager
    def running(self, bench: Bench) -> Iterator[tuple[int, str]]:
        """Its port and its processes, while it runs. Raises Missing."""
        port = free_port()
        how = self.start(bench, port)
        environment = {**os.environ, **how.environment}
        with (bench.folder / "peer.log").open("ab") as log:
            process = subprocess.Popen(how.command, cwd=how.cwd, env=environment, stdout=log, stderr=log)
        try:
            _wait(port, process)
            yield port, ",".join(map(str, family(process.pid)))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def options(self, port: int) -> dict[str, Any]:
        """What the load generator must know of it."""
        address = {"ws": f"ws://127.0.0.1:{port}{self.path}", "pub": f"http://127.0.0.1:{port}/publish"}
        return {**address, "ctype": self.ctype, "marker": self.marker} | (
            {"hello": self.hello} if self.hello else {}
        )


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        if _answers(port):
            return
        if process.poll() is not None:
            raise Missing(f"it ended with {process.returncode}")
        time.sleep(0.05)
    raise Missing("it did not answer in time")


def _answers(port: int) -> bool:
    """Whether any answer comes: a server may listen long before it serves."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=STARTS_WITHIN_S) as probe:
            probe.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return bool(probe.recv(1))
    except OSError:
        return False


def _raw_c(bench: Bench, port: int) -> Started:
    return Started([str(compile_c(bench.folder / "c_bcast", PEERS / "c_bcast.c")), str(port)])


def _node(bench: Bench, script: str, port: int, modules: dict[str, str], **environment: str) -> Started:
    """A program for node with modules of npm's; `modules`: name → version, "" for the newest."""
    if not shutil.which("node"):
        raise Missing("node is not installed")
    folders = []
    for name, version in modules.items():
        folder = parts.node_module(bench.parts, name, version)
        if folder is None:
            raise Missing(f"npm's {name} cannot be had")
        folders.append(str(folder))
    return Started(
        ["node", str(PEERS / script), str(port)],
        environment={"NODE_PATH": os.pathsep.join(folders), **environment},
    )


def _node_ws(bench: Bench, port: int) -> Started:
    return _node(bench, "node_ws.js", port, {"ws": ""})


def _durable_node(bench: Bench, port: int) -> Started:
    modules = {"ws": "", "better-sqlite3": "12"}
    return _node(bench, "durable_node.js", port, modules, DB=str(_new_database(bench)))


def _nchan(bench: Bench, port: int) -> Started:
    if not shutil.which("nginx") or not NCHAN.exists():
        raise Missing("nginx with Debian's libnginx-mod-nchan is not installed")
    text = (PEERS / "nchan.conf").read_text().replace("@TMP@", str(bench.folder)).replace("@PORT@", str(port))
    (bench.folder / "nchan.conf").write_text(text)
    return Started(["nginx", "-c", str(bench.folder / "nchan.conf")])


def _gevent(module: str, port: int, **environment: str) -> Started:
    options = ["-k", "gevent", "--worker-connections", "19000", "--backlog", "4096"]
    return Started([*GUNICORN, *options, "-b", f"127.0.0.1:{port}", module], environment=environment)


def _naive(_bench: Bench, port: int) -> Started:
    return _gevent("naive_flask_sock:app", port)


def _socketio(bench: Bench, port: int) -> Started:
    folder = parts.python_package(bench.parts, "flask-socketio")
    if folder is None:
        raise Missing("Flask-SocketIO cannot be had")
    return _gevent("socketio_server:app", port, PYTHONPATH=str(folder))


def _new_database(bench: Bench) -> Path:
    for old in bench.folder.glob("plain.db*"):
        old.unlink()
    return bench.folder / "plain.db"


def _plain(bench: Bench) -> dict[str, str]:
    return {"DURABLE": "1", "DB_URL": f"sqlite:///{_new_database(bench)}"}


def _plain_gevent(bench: Bench, port: int) -> Started:
    return _gevent("naive_flask_sock:app", port, **_plain(bench))


def _plain_threads(bench: Bench, port: int) -> Started:
    options = ["-k", "gthread", "--threads", "32", "-b", f"127.0.0.1:{port}"]
    return Started([*GUNICORN, *options, "naive_flask_sock:app"], environment=_plain(bench))


RAW = Peer("raw C epoll", _raw_c)
NODE = Peer("node ws", _node_ws)
NAIVE = Peer("naive flask-sock", _naive)
NCHAN_PEER = Peer(
    "nchan", _nchan, body=f'<article {MARKER}%SEQ%">' + "x" * 900 + "</article>", ctype="text/html"
)
SOCKETIO = Peer(
    "Flask-SocketIO",
    _socketio,
    path="/socket.io/?EIO=4&transport=websocket&user=%U%",
    marker=MARKER.replace('"', '\\"'),
    hello="40",
)
FANOUT = (RAW, NCHAN_PEER, NODE, NAIVE, SOCKETIO)
PLAIN = (Peer("plain insert, gevent", _plain_gevent), Peer("plain insert, 32 threads", _plain_threads))
DURABLE = Peer("node ws, better-sqlite3", _durable_node, path="/ws?user=agent%U%")

"""Other servers that do the same work. One whose parts are missing is skipped by name."""

from __future__ import annotations

import importlib.util
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
    """A server. `start(folder, port)` says how; raises Missing."""

    name: str
    start: Callable[[Path, int], Started]
    body: str = f"to=all&callid={CALLID}%SEQ%&phone={phone(1)}&user=nobody"
    ctype: str = "application/x-www-form-urlencoded"
    path: str = "/ws?user=%U%"
    marker: str = MARKER
    hello: str = ""

    @contextmanager
    def running(self, folder: Path) -> Iterator[tuple[int, str]]:
        """Its port and its processes, while it runs. Raises Missing."""
        port = free_port()
        how = self.start(folder, port)
        environment = {**os.environ, **how.environment}
        with (folder / "peer.log").open("ab") as log:
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


def _raw_c(folder: Path, port: int) -> Started:
    return Started([str(compile_c(folder / "c_bcast", PEERS / "c_bcast.c")), str(port)])


def _node_ws(folder: Path, port: int) -> Started:
    if not shutil.which("node"):
        raise Missing("node is not installed")
    modules = Path(os.environ.get("BENCH_NODE_MODULES", folder.parent / "node_modules"))
    if not (modules / "ws").is_dir():
        raise Missing("npm's ws is not installed")
    command = ["node", str(PEERS / "node_ws.js"), str(port)]
    return Started(command, environment={"NODE_PATH": str(modules)})


def _nchan(folder: Path, port: int) -> Started:
    if not shutil.which("nginx") or not NCHAN.exists():
        raise Missing("nginx with Debian's libnginx-mod-nchan is not installed")
    text = (PEERS / "nchan.conf").read_text().replace("@TMP@", str(folder)).replace("@PORT@", str(port))
    (folder / "nchan.conf").write_text(text)
    return Started(["nginx", "-c", str(folder / "nchan.conf")])


def _gevent(module: str, port: int, **environment: str) -> Started:
    options = ["-k", "gevent", "--worker-connections", "19000", "--backlog", "4096"]
    return Started([*GUNICORN, *options, "-b", f"127.0.0.1:{port}", module], environment=environment)


def _naive(folder: Path, port: int) -> Started:
    return _gevent("naive_flask_sock:app", port)


def _socketio(folder: Path, port: int) -> Started:
    if importlib.util.find_spec("flask_socketio") is None:
        raise Missing("Flask-SocketIO is not installed")
    return _gevent("socketio_server:app", port)


def _database(folder: Path) -> dict[str, str]:
    for old in folder.glob("plain.db*"):
        old.unlink()
    return {"DURABLE": "1", "DB_URL": f"sqlite:///{folder / 'plain.db'}"}


def _plain_gevent(folder: Path, port: int) -> Started:
    return _gevent("naive_flask_sock:app", port, **_database(folder))


def _plain_threads(folder: Path, port: int) -> Started:
    options = ["-k", "gthread", "--threads", "32", "-b", f"127.0.0.1:{port}"]
    return Started([*GUNICORN, *options, "naive_flask_sock:app"], environment=_database(folder))


RAW = Peer("raw C epoll", _raw_c)
FANOUT = (
    RAW,
    Peer(
        "nchan",
        _nchan,
        body=f'<article {MARKER}%SEQ%">' + "x" * 900 + "</article>",
        ctype="text/html",
    ),
    Peer("node ws", _node_ws),
    Peer("naive flask-sock", _naive),
    Peer(
        "Flask-SocketIO",
        _socketio,
        path="/socket.io/?EIO=4&transport=websocket&user=%U%",
        marker=MARKER.replace('"', '\\"'),
        hello="40",
    ),
)
PLAIN = (Peer("plain insert, gevent", _plain_gevent), Peer("plain insert, 32 threads", _plain_threads))


def install_node_peers(folder: Path) -> None:
    """npm's ws in a folder of its own; where that cannot be had, the peer is skipped."""
    if shutil.which("npm"):
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "ws"]
        subprocess.run(command, check=False, capture_output=True, timeout=120)

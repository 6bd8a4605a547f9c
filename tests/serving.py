"""A real Pult: its own process on a free port, as `pult serve` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parent.parent
STARTS_WITHIN_S = 30


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """A running server; `stop` ends exactly the processes it started."""

    def __init__(self, data_dir: Path, port: int | None = None, **settings: Any) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        own = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
        self.environment = {
            **own,
            "PULT_DATA_DIR": str(data_dir),
            "PULT_BIND": f"127.0.0.1:{self.port}",
            "PULT_CRM_TOKEN": "TEST-CRM-TOKEN",
            "PULT_ALLOW_PRIVATE_HOSTS": "on",
            **{name: str(value) for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data_dir.parent / f"server-{self.port}.log"

    @property
    def command_line(self) -> list[str]:
        """How it is started."""
        return [sys.executable, "-m", "app", "serve"]

    def start(self) -> Served:
        """Serve; returns when the first request is answered."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command_line,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that a kill reaches the server's workers, and nobody else
            )
        self._wait()
        return self

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")

    def stop(self) -> None:
        """End it as an operator would, by SIGTERM."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """End it as a power cut would: every process of it at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def push(self, **form: Any) -> requests.Response:
        """Post a push as the PBX would."""
        body = {"phone": "79000000001", "diversion": "74950000001", "crm_token": "TEST-CRM-TOKEN", **form}
        return requests.post(f"{self.url}/pbx", data=body, timeout=30)

    def command(self, *args: str, stdin: str = "") -> str:
        """Run `pult …` beside the server, return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *args],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

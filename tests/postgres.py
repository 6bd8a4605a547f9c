"""A throw-away PostgreSQL server from Debian's package, on a socket in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg


class PostgresServer:
    """Starts, stops and resumes one server; every test gets a database of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pult-pg-"))
        self.port = _free_port()
        self._numbers = count(1)
        self._bin = self._binaries()
        # initdb refuses root: it runs as the package's own user then.
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._ready = False

    @staticmethod
    def _binaries() -> Path | None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return found[-1].parent if found else None

    @classmethod
    def is_installed(cls) -> bool:
        """True where Debian's package postgresql is installed."""
        return cls._binaries() is not None

    def _run(self, program: str, *args: str) -> None:
        assert self._bin is not None, "PostgreSQL is not installed"
        command = [*self._as, str(self._bin / program), *args]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        """Make the cluster on the first call, then start it."""
        if not self._ready:
            if self._as:
                shutil.chown(self.folder, "postgres")
            self._run("initdb", "-D", f"{self.folder}/db", "-A", "trust", "-U", self.user, "-E", "UTF8")
            self._ready = True
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = f"{self.folder}/log"
        self._run("pg_ctl", "-D", f"{self.folder}/db", "-o", options, "-l", log, "-w", "start")

    def stop(self, *, keep: bool = False) -> None:
        """Stop at once; the cluster is removed unless it is to start again."""
        self._run("pg_ctl", "-D", f"{self.folder}/db", "-m", "immediate", "-w", "stop")
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Where a database of this server is reached."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A database of its own, a copy of `template`: its URL; it is dropped afterwards."""
        name = f"pult_{next(self._numbers)}_{time.monotonic_ns()}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    def restore(self, dump: Path, url: str) -> None:
        """Bring a dump in pg_dump's own format into a database."""
        assert self._bin is not None, "PostgreSQL is not installed"
        command = [str(self._bin / "pg_restore"), "--no-owner", f"--dbname={url}", str(dump)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

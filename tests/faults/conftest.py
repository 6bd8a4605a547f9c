"""A server to do harm to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.callers import PATIENCE_S, TOTAL_S, Caller, hire
from tests.postgres import PostgresServer
from tests.serving import Served

Serve = Callable[..., Served]
OpenHouse = Callable[..., list[Caller]]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the sender writes down what it was promised."""
    path = tmp_path / "ledger"
    path.touch()
    return path


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A server that a test may stop and start again."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(own_postgres: PostgresServer) -> Iterator[str]:
    """An empty database on it. Ask for it before `serve`: the server must be gone when it is dropped."""
    with own_postgres.database() as url:
        yield url


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server: `serve(PULT_…=…)`; it is stopped with the test."""
    running: list[Served] = []

    def start(data_dir: Path | None = None, **settings: Any) -> Served:
        served = Served(data_dir or tmp_path / "data", **settings)
        running.append(served)
        return served.start()

    yield start
    for served in running:
        served.stop()


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[OpenHouse]:
    """Starts a server before the PBX at a URL and returns the people on it: `open_house(url, people=30)`.

    Further names are settings.
    """
    running: list[Served] = []

    def start(url: str, people: int = 1, **settings: Any) -> list[Caller]:
        served = Served(
            tmp_path / "data",
            PULT_PBX_URL=url,
            PULT_PBX_TOKEN="TEST-PBX-TOKEN",
            PULT_DIAL_PATIENCE_SECONDS=PATIENCE_S,
            PULT_DIAL_TOTAL_SECONDS=TOTAL_S,
            **settings,
        )
        callers = hire(served, people)
        running.append(served.start())
        return callers

    yield start
    for served in running:
        served.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def sqlite_url(served: Served) -> str:
    """The database of a server that runs on SQLite."""
    return f"sqlite:///{served.data_dir / 'pult.db'}"

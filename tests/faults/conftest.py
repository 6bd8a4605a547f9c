"""A server to do harm to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Served

Serve = Callable[..., Served]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the sender writes down what it was promised."""
    path = tmp_path / "ledger"
    path.touch()
    return path


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


def sqlite_url(served: Served) -> str:
    """The database of a server that runs on SQLite."""
    return f"sqlite:///{served.data_dir / 'pult.db'}"

"""The processes of a server that runs."""

from __future__ import annotations

from pathlib import Path

from tests.serving import Served


def children_of(served: Served) -> list[int]:
    """The processes that answer requests."""
    assert served.process is not None
    pid = served.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

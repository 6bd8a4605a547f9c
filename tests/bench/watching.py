"""Looks at a running server from aside: memory, threads, descriptors, and what it says on /metrics."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from tests.bench.machine import resident_mb
from tests.bench.serving import TABS, WAITING, Ours

T = TypeVar("T")


class Watch(Generic[T]):
    """Calls `look` each `every_s` on a thread of its own while its `with` lasts; `seen`: (seconds, what)."""

    def __init__(self, look: Callable[[], T], every_s: float) -> None:
        self.seen: list[tuple[float, T]] = []
        self._look = look
        self._every_s = every_s
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch[T]:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            while not self._over.wait(self._every_s):
                found = self._look()
                self.seen.append((time.monotonic() - begun, found))
        except Exception as error:  # noqa: BLE001 - raised again where the watch ends
            self._error = error


class Footing(NamedTuple):
    """What must be as before when everybody has gone."""

    threads: int
    descriptors: int
    tabs: int


def footing(server: Ours) -> Footing:
    """As it stands."""
    status = Path(f"/proc/{server.worker}/status").read_text()
    threads = int(re.search(r"Threads:\s+(\d+)", status)[1])  # type: ignore[index]
    descriptors = len(list(Path(f"/proc/{server.worker}/fd").iterdir()))
    return Footing(threads, descriptors, int(server.metric(TABS)[0]))


def watch_memory(server: Ours, every_s: float) -> Watch[float]:
    """The worker's resident memory in MB."""
    return Watch(lambda: resident_mb(server.worker), every_s)


def watch_tabs(server: Ours, every_s: float = 0.1) -> Watch[list[float]]:
    """Open tabs, and bytes that wait for slow ones."""
    return Watch(lambda: server.metric(TABS, WAITING), every_s)


def dropped_after_s(seen: list[tuple[float, list[float]]], left: int) -> float:
    """Seconds from the first byte that could not be written until only `left` tabs were open; NaN: never."""
    waiting_since: float | None = None
    for at, (tabs, waiting) in seen:
        if tabs <= left:
            return at - waiting_since if waiting_since is not None else 0.0
        if not waiting:
            waiting_since = None
        elif waiting_since is None:
            waiting_since = at
    return float("nan")


def slope(points: list[tuple[float, float]]) -> float:
    """How much the second grows while the first grows by one: least squares; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    above = sum((x - middle_x) * (y - middle_y) for x, y in points)
    below = sum((x - middle_x) ** 2 for x, _ in points)
    return above / below if below else 0.0

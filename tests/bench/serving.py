"""Our own server under load: a copy of the company's data, its port, its processes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.bench.company import Company
from tests.bench.loading import Figures
from tests.bench.machine import family, proportional_mb, resident_mb
from tests.serving import Served

TABS, WAITING = "pult_live_tabs", "pult_live_waiting_bytes"


class Ours:
    """A running Pult."""

    def __init__(self, served: Served) -> None:
        self.url = served.url
        self.port = served.port
        self.data_dir = served.data_dir
        self._served = served
        self._look(served)

    def _look(self, served: Served) -> None:
        assert served.process is not None
        self.pids = family(served.process.pid)

    @property
    def worker(self) -> int:
        """The process that does the work."""
        return self.pids[-1]

    def options(self) -> dict[str, str]:
        """What the load generator must know of it."""
        return {
            "ws": f"ws://127.0.0.1:{self.port}/live",
            "pub": f"{self.url}/pbx",
            "origin": self.url,
            "pids": ",".join(map(str, self.pids)),
        }

    def metric(self, *names: str) -> list[float]:
        """What it says of itself on /metrics."""
        text = requests.get(f"{self.url}/metrics", timeout=30).text
        return [float(_after(name, text)) for name in names]

    def wait_for_tabs(self, tabs: int, within_s: float = 120) -> None:
        """Return when so many tabs are open."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.metric(TABS)[0] >= tabs:
                return
            time.sleep(0.2)
        raise TimeoutError(f"{tabs} tabs are not open after {within_s} s")

    def restart(self) -> float:
        """End it as an operator would and start it again on its port; how long that took in seconds."""
        begun = time.monotonic()
        self._served.stop()
        self._look(self._served.start())
        return time.monotonic() - begun

    def memory(self) -> Figures:
        """Of the worker, and of all its processes together."""
        return {"rss_mb": resident_mb(self.worker), "pss_all_mb": proportional_mb(self.pids)}


def _after(name: str, metrics: str) -> str:
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    if found is None:
        raise LookupError(f"/metrics has no {name}")
    return found[1]


@contextmanager
def ours(company: Company, folder: Path, *, coalesce_ms: int = 250) -> Iterator[Ours]:
    """Pult on its own copy of the data, while it runs."""
    limits = {"PULT_TABS_PER_USER": 20_000, "PULT_TABS_MAX": 20_000, "PULT_COALESCE_MS": coalesce_ms}
    served = Served(company.copy(folder), **limits).start()
    try:
        yield Ours(served)
    finally:
        served.stop()

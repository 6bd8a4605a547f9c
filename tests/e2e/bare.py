"""Chromium without Playwright, whose pages never count as hidden: tabs of one window by the bare protocol."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from simple_websocket import Client

from tests.e2e.conftest import QUIET

WITHIN_S = 20


class Tab:
    """One tab, by the DevTools protocol."""

    def __init__(self, address: str) -> None:
        self._line = Client(address)
        self._ids = itertools.count(1)

    def send(self, method: str, **params: Any) -> Any:
        """Ask for something and return its result."""
        id = next(self._ids)
        self._line.send(json.dumps({"id": id, "method": method, "params": params}))
        while True:
            answer = json.loads(self._line.receive(timeout=WITHIN_S))
            if answer.get("id") == id:
                assert "error" not in answer, answer
                return answer["result"]

    def evaluate(self, expression: str) -> Any:
        """What an expression is worth on the page."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Return when it is true on the page; timers of the page may stand still meanwhile."""
        until = time.monotonic() + WITHIN_S
        while not self.evaluate(expression):
            assert time.monotonic() < until, f"never true: {expression}"
            time.sleep(0.05)

    def close(self) -> None:
        self._line.close()


class Window:
    """A browser's one window."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/json"
        self._tabs: list[Tab] = []

    def open(self, url: str, cookie: tuple[str, str] | None = None, script: str = "") -> Tab:
        """A new tab in front of the others, which are hidden now. `script` runs before the page's own."""
        target = requests.put(f"{self._url}/new?about:blank", timeout=WITHIN_S).json()
        tab = Tab(target["webSocketDebuggerUrl"])
        self._tabs.append(tab)
        if cookie is not None:
            tab.send("Network.setCookie", name=cookie[0], value=cookie[1], url=url)
        tab.send("Page.enable")
        tab.send("Page.addScriptToEvaluateOnNewDocument", source=script)
        tab.send("Page.navigate", url=url)
        return tab

    def close(self) -> None:
        for tab in self._tabs:
            tab.close()


@contextmanager
def window(profile: Path) -> Iterator[Window]:
    """A Chromium of its own while it is needed."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    args = ["--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}", *QUIET, *sandbox]
    command = [shutil.which("chromium") or "chromium", *args, "about:blank"]
    with (profile.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        opened = Window(_port(profile / "DevToolsActivePort"))
        yield opened
        opened.close()
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def _port(path: Path) -> int:
    until = time.monotonic() + WITHIN_S
    while not (path.exists() and path.read_text().count("\n")):
        assert time.monotonic() < until, "Chromium does not start"
        time.sleep(0.05)
    return int(path.read_text().split()[0])

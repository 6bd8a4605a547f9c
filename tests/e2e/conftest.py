"""A real Chromium before a real server: each test has its own data, port and browser context."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import BaseWSGIServer, make_server

from tests.personas import Actor

AXE = Path(__file__).parent.parent / "vendor" / "axe-4.14.1.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]

Open = Callable[[Actor, str], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a page needs Chromium."""
    for item in items:
        if {"page", "context", "open_as"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.chromium)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; as root it runs only without its sandbox."""
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A Russian desk screen."""
    screen = {"width": 1280, "height": 800}
    return {**browser_context_args, "locale": "ru-RU", "timezone_id": "Europe/Moscow", "viewport": screen}


@pytest.fixture(scope="session")
def base_url() -> str:
    """Not for all at once: each test has its own server. The plugin's own fixture warns under pytest 9."""
    return ""


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The port belongs to the settings: pages and sockets of other origins are refused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return {**environment, "PULT_BIND": f"127.0.0.1:{free.getsockname()[1]}"}


class Server:
    """The application on its port; may go away and come back, as in a restart."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.url: str = app.extensions["pult"].settings.local_url
        self._serving: tuple[BaseWSGIServer, Thread] | None = None

    def start(self) -> None:
        port = self.app.extensions["pult"].settings.port
        serving = make_server("127.0.0.1", port, self.app, threaded=True)
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self._serving = serving, thread

    def stop(self) -> None:
        if self._serving is None:
            return
        serving, thread = self._serving
        self._serving = None
        serving.shutdown()
        thread.join()
        serving.server_close()


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """The running server."""
    running = Server(app)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def open_as(server: Server, context: BrowserContext) -> Open:
    """Opens a page as somebody: `open_as(agent, "/desk")`."""

    def open_page(actor: Actor, path: str) -> Page:
        context.add_cookies([{"name": "pult", "value": actor.cookie, "url": server.url}])
        page = context.new_page()
        page.goto(server.url + path)
        return page

    return open_page


@pytest.fixture
def complaints() -> Callable[[Page], list[str]]:
    """What axe has to say about a page."""
    source = AXE.read_text()

    def run(page: Page) -> list[str]:
        page.evaluate(source)  # through the debugger: the page's policy does not stop it
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        return [
            f"{violation['id']}: {' '.join(node['target'])}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run

"""A real Chromium before a real server.

Most tests share one `house`: a company, its PBX and its people's browsers, left quiet after each test.
What pokes into the server's insides has an application, a port and a browser context of its own.
"""

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
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import BaseWSGIServer, make_server

from app.pbx.fake import FakePbx
from tests.e2e.company import furnish
from tests.e2e.house import House
from tests.personas import Actor
from tests.serving import Served, free_port

AXE = Path(__file__).parent.parent / "vendor" / "axe-4.14.1.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
# A browser of tests calls nobody but our servers.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
TABS_PER_USER = 4

Open = Callable[[Actor, str], Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a page needs Chromium."""
    for item in items:
        if {"page", "context", "open_as", "house"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.chromium)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; as root it runs only without its sandbox."""
    args = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
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
def complaints() -> Callable[..., list[str]]:
    """What axe has to say: `complaints(page)`, or by some rules only: `complaints(page, rules)`."""
    source = AXE.read_text()

    def run(page: Page, rules: list[str] = RULES) -> list[str]:
        page.evaluate(source)  # through the debugger: the page's policy does not stop it
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
        return [
            f"{violation['id']}: {' '.join(node['target'])}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def settled_house(
    browser: Browser, template_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The one house of the run."""
    data_dir = tmp_path_factory.mktemp("house") / "data"
    data_dir.mkdir(mode=0o700)
    shutil.copy(template_database, data_dir / "pult.db")
    port = free_port()
    pbx = FakePbx(crm_url=f"http://127.0.0.1:{port}/pbx", crm_token="TEST-CRM-TOKEN")
    pbx.start()
    served = Served(data_dir, port, **_connected(pbx), PULT_TABS_PER_USER=TABS_PER_USER)
    cookies = furnish(served)
    served.start()
    house = House(served, pbx, browser, cookies)
    yield house
    house.close()
    served.stop()
    pbx.stop()


def _connected(pbx: FakePbx) -> dict[str, str]:
    return {"PULT_PBX_URL": pbx.url, "PULT_PBX_TOKEN": pbx.token, "PULT_RECORDING_HOSTS": "127.0.0.1"}


@pytest.fixture
def house(settled_house: House) -> Iterator[House]:
    """The house, quiet; whatever the policy refused or a script threw fails the test."""
    yield settled_house
    refused = [words for words in settled_house.said if "Content Security Policy" in words]
    settled_house.tidy()
    assert refused == []

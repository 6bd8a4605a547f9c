"""What a browser does to its pages: it hides them, freezes them, keeps them for the way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.live import frames
from app.live.hub import Hub
from app.live.pops import topic
from tests.e2e.bare import Tab, Window, window
from tests.e2e.company import VASILISA
from tests.e2e.conftest import Server
from tests.e2e.house import House, expect_pop, on_line
from tests.live.pages import eventually
from tests.personas import Actor

pytestmark = pytest.mark.chromium

ON_LINE = "document.body?.dataset.live === 'on'"
# Frames of these bytes fill every buffer between the hub and a page that reads nothing.
FILLING = [frames.encode(f"<!--{'-' * 60_000}-->")] * 60
# Counts the lines that the page has had.
COUNT_LINES = "globalThis.lines = 0; addEventListener('htmx:ws:after:connection', () => { lines += 1; });"


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Window]:
    """A browser that treats its tabs as people's browsers do."""
    with window(tmp_path / "profile") as opened:
        yield opened


def _desk(chromium: Window, url: str, cookie: str) -> Tab:
    tab = chromium.open(f"{url}/desk", ("pult", cookie), COUNT_LINES)
    tab.wait_for(ON_LINE)
    return tab


def test_a_hidden_tab_keeps_its_line(house: House, chromium: Window) -> None:
    hers = _desk(chromium, house.served.url, house.cookies[VASILISA.email])
    chromium.open("about:blank")
    hers.wait_for("document.hidden")
    house.push("hidden-1", "INCOMING", "vasilisa")
    hers.wait_for("document.querySelector('[data-pop]')?.dataset.callid === 'hidden-1'")
    assert hers.evaluate("[document.hidden, document.title.startsWith('(1)'), lines]") == [True, True, 1]


def test_a_frozen_tab_is_let_go_and_heals_when_it_wakes(
    server: Server, app: Flask, agent: Actor, chromium: Window
) -> None:
    hub: Hub = app.extensions["pult"].hub
    tab = _desk(chromium, server.url, agent.cookie)
    chromium.open("about:blank")
    tab.send("Page.setWebLifecycleState", state="frozen")
    until = time.monotonic() + 30
    while not hub.stats()["dropped_slow"]:
        assert time.monotonic() < until, "a tab that reads nothing is kept"
        hub.send(topic(agent.id), FILLING)
        time.sleep(0.05)
    assert eventually(lambda: hub.stats()["tabs"] == 0)
    tab.send("Page.setWebLifecycleState", state="active")
    tab.wait_for(f"lines === 2 && {ON_LINE}")


def test_on_the_way_back_a_page_is_made_anew(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("back-1", "INCOMING", "vasilisa")
    expect_pop(hers, "back-1", "ringing")
    hers.goto("/me")
    house.push("back-1", "ACCEPTED", "vasilisa")
    hers.go_back()
    on_line(hers)
    expect_pop(hers, "back-1", "talking")


def test_a_page_that_was_kept_for_the_way_back_gets_a_fresh_line(
    server: Server, app: Flask, agent: Actor, chromium: Window
) -> None:
    """Chromium keeps no page that is not to be stored, as ours are; others do."""
    _let_pages_be_kept(app)
    tab = _desk(chromium, server.url, agent.cookie)
    tab.evaluate("addEventListener('pageshow', (event) => { globalThis.kept = event.persisted; })")
    tab.send("Page.navigate", url=f"{server.url}/me")
    tab.wait_for(f"location.pathname === '/me' && {ON_LINE}")
    tab.evaluate("history.back()")
    tab.wait_for(f"location.pathname === '/desk' && globalThis.kept && lines === 2 && {ON_LINE}")


def _let_pages_be_kept(app: Flask) -> None:
    served = app.wsgi_app

    def keep(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name != "Cache-Control"]
            return start_response(status, kept, *more)

        return served(environ, start)

    app.wsgi_app = keep  # type: ignore[method-assign]

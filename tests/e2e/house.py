"""The house of the browser tests: a real server, the PBX it talks to, and the browsers of its people."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from app.pbx.fake import FakePbx
from tests.e2e.company import Someone
from tests.serving import Served

ENDS = ("COMPLETED", "CANCELLED")
DESK_SCREEN = {"width": 1280, "height": 800}
PHONE_SCREEN = {"width": 390, "height": 844}
# Tells later whether a screen pop has ever stood on the page, even for a moment.
WATCH_POPS = """
globalThis.everPopped = [];
new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes])) {
    const pops = [...(node.querySelectorAll?.("[data-pop]") ?? [])];
    if (node.matches?.("[data-pop]")) pops.push(node);
    everPopped.push(...pops.map((pop) => pop.dataset.callid));
  }
}).observe(document, { childList: true, subtree: true });
"""


@dataclass
class House:
    """`said`: what went wrong in the consoles of all pages since the last `tidy`."""

    served: Served
    pbx: FakePbx
    browser: Browser
    cookies: dict[str, str]
    said: list[str] = field(default_factory=list)
    _browsers: list[BrowserContext] = field(default_factory=list)
    _of: dict[Someone, BrowserContext] = field(default_factory=dict)
    _open: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def context(self, who: Someone) -> BrowserContext:
        """This person's browser, logged in; all tests share it."""
        if who not in self._of:
            self._of[who] = self._logged_in(who)
        return self._of[who]

    def _logged_in(self, who: Someone) -> BrowserContext:
        context = self._new_context()
        self._log_in(context, who)
        return context

    def _log_in(self, context: BrowserContext, who: Someone) -> None:
        context.add_cookies([{"name": "pult", "value": self.cookies[who.email], "url": self.served.url}])

    def another_browser(self, who: Someone) -> BrowserContext:
        """One more browser of this person, gone after the test. A clock that is set is that of a browser."""
        context = self.new_browser()
        self._log_in(context, who)
        return context

    def new_browser(self) -> BrowserContext:
        """The browser of a stranger, gone after the test."""
        context = self._new_context()
        self._browsers.append(context)
        return context

    def _new_context(self) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.served.url, locale="ru-RU", timezone_id="Europe/Moscow", viewport=DESK_SCREEN
        )
        context.add_init_script(WATCH_POPS)
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.said.append(f"{error.page.url}: {error.error}"))
        return context

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.page.url if message.page else ''}: {message.text}")

    def open(self, who: Someone, path: str = "/desk") -> Page:
        """A new tab of this person, on line."""
        page = self.context(who).new_page()
        page.goto(path)
        on_line(page)
        return page

    def push(self, callid: str, type: str, login: str, **more: str) -> None:
        """Post an event as the PBX would. What the test leaves ringing or talking, `tidy` hangs up."""
        form = {"cmd": "event", "direction": "in", **more}
        answer = self.served.push(type=type, callid=callid, user=login, **form)
        assert answer.status_code == 200, answer.text
        if type in ENDS:
            self._open.pop((callid, login), None)
        else:
            self._open[callid, login] = more

    def history(self, callid: str, login: str, **more: str) -> None:
        """Post the history of a call; an incoming talk unless `more` says otherwise."""
        form = {"cmd": "history", "type": "in", "status": "Success", "duration": "42", **more}
        answer = self.served.push(callid=callid, user=login, **form)
        assert answer.status_code == 200, answer.text

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the server's database says at this moment."""
        path = f"file:{self.served.data_dir / 'pult.db'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as conn:
            return conn.execute(query).fetchall()

    def tidy(self) -> None:
        """Hang up and close all tabs, so that every test finds the house quiet."""
        for (callid, login), more in list(self._open.items()):
            self.push(callid, "CANCELLED", login, **more)
        for page in [page for context in self._of.values() for page in context.pages]:
            page.close()
        while self._browsers:
            self._browsers.pop().close()
        self.said.clear()
        self.pbx.commands_heard.clear()

    def close(self) -> None:
        """Close every browser."""
        for context in self._of.values():
            context.close()


def on_line(page: Page) -> None:
    """Wait until the page's line is up."""
    page.wait_for_selector("body[data-live=on]")


def off_line(page: Page) -> None:
    """Wait until the page says that its line is down."""
    page.wait_for_selector("body[data-live=off]")


def pops(page: Page) -> Locator:
    """The screen pops that stand on a page."""
    return page.locator("[data-pop]")


def pop(page: Page, callid: str) -> Locator:
    """The screen pop of one call."""
    return page.locator(f'[data-pop][data-callid="{callid}"]')


def expect_pop(page: Page, callid: str, state: str) -> None:
    """This is the one pop on the page, and it stands so."""
    expect(pop(page, callid)).to_have_attribute("data-state", state)
    expect(pops(page)).to_have_count(1)


def expect_quiet(page: Page) -> None:
    """No pop stands on the page."""
    expect(pops(page)).to_have_count(0)


def ever_popped(page: Page) -> set[str]:
    """The callids of all screen pops that have stood on this page since it was loaded."""
    return set(page.evaluate("() => everPopped"))

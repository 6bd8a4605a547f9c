"""A screen pop as a person sees it: from the PBX's push to the element in a real Chromium."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench import traffic
from tests.bench.company import CLIENTS, phone
from tests.bench.loading import Figures
from tests.bench.serving import Ours

SHOWN_S = 0.15
APART_S = 0.1
CONNECTS_WITHIN_MS = 90_000

# Notes when each card came into the document, by the clock that the sender reads too.
WATCH = """() => {
    window.poppedAt = {};
    new MutationObserver(() => {
        const at = Date.now();
        for (const card of document.querySelectorAll("[data-pop]"))
            window.poppedAt[card.dataset.callid] ??= at;
    }).observe(document.body, { childList: true, subtree: true });
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=args)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_desk(server: Ours, cookie: str) -> Iterator[Page]:
    """An agent's desk in Chromium, connected, and watched."""
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies([{"name": "pult", "value": cookie, "url": server.url}])
        page = context.new_page()
        page.goto(f"{server.url}/desk")
        page.wait_for_selector("body[data-live=on]", timeout=CONNECTS_WITHIN_MS)
        page.evaluate(WATCH)
        yield page


def measure_pops(page: Page, server: Ours, login: str, count: int) -> Figures:
    """Let `count` calls ring, one after the other, at the agent whose desk it is. Times are milliseconds."""
    return _figures(page, _ring(server, login, count))


def _ring(server: Ours, login: str, count: int) -> dict[str, float]:
    sent_at = {}
    with requests.Session() as pbx:
        for number in range(count):
            callid = f"pop{number:09}"
            call = {"callid": callid, "user": login, "phone": phone(number % CLIENTS), "direction": "in"}
            sent_at[callid] = time.time() * 1000
            _push(pbx, server, type="INCOMING", **call)
            time.sleep(SHOWN_S)
            _push(pbx, server, type="CANCELLED", **call)
            time.sleep(APART_S)
    return sent_at


def _push(pbx: requests.Session, server: Ours, **fields: str) -> None:
    body = traffic.form(cmd="event", **fields)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    pbx.post(f"{server.url}/pbx", data=body, headers=headers, timeout=30).raise_for_status()


def _figures(page: Page, sent_at: dict[str, float]) -> Figures:
    popped_at: dict[str, float] = page.evaluate("() => window.poppedAt")
    left: int = page.evaluate("() => document.querySelectorAll('[data-pop]').length")
    times = [popped_at[callid] - at for callid, at in sent_at.items() if callid in popped_at]
    return {
        "rung": len(sent_at),
        "popped": len(times),
        "of_others": len(popped_at.keys() - sent_at.keys()),
        "left": left,
        "times_ms": times,
    }

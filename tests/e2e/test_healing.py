"""Whatever happens to page, line or server, the page comes back by itself and shows the truth."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.e2e.company import IVAN, VASILISA, furnish
from tests.e2e.conftest import TABS_PER_USER
from tests.e2e.house import House, expect_pop, expect_quiet, off_line, on_line, pops
from tests.serving import Served

COMES_BACK_MS = 20_000
LONGER_THAN_TWO_BEATS = "00:46"


def test_a_pop_outlives_a_reload(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("reload-1", "INCOMING", "vasilisa")
    expect_pop(hers, "reload-1", "ringing")
    hers.reload()
    on_line(hers)
    expect_pop(hers, "reload-1", "ringing")


def test_a_tab_opened_later_shows_the_same(house: House) -> None:
    first = house.open(VASILISA)
    house.push("tab-1", "INCOMING", "vasilisa")
    second = house.open(VASILISA, "/calls")
    expect_pop(second, "tab-1", "ringing")
    house.push("tab-1", "ACCEPTED", "vasilisa")
    for page in (first, second):
        expect_pop(page, "tab-1", "talking")


def test_a_page_heals_after_the_server_was_restarted(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("restart-1", "INCOMING", "vasilisa")
    house.push("restart-2", "INCOMING", "vasilisa")
    expect(pops(hers)).to_have_count(2)
    house.served.stop()
    off_line(hers)
    expect(hers.locator("#lost")).to_be_visible(timeout=COMES_BACK_MS)
    expect(pops(hers)).to_have_count(2)  # what was last seen stays in sight
    house.served.start()
    house.push("restart-1", "CANCELLED", "vasilisa")
    house.push("restart-2", "ACCEPTED", "vasilisa")
    _is_back(hers)
    expect_pop(hers, "restart-2", "talking")
    expect(hers.locator("#lost")).to_be_hidden()


def test_a_page_heals_after_the_server_was_killed(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("killed-1", "INCOMING", "vasilisa")
    expect_pop(hers, "killed-1", "ringing")
    house.served.kill()
    off_line(hers)
    house.served.start()
    _is_back(hers)
    expect_pop(hers, "killed-1", "ringing")  # answered 200, so it is still there
    house.push("killed-1", "CANCELLED", "vasilisa")
    expect_quiet(hers)


def test_a_page_heals_after_the_network_was_away(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("network-1", "INCOMING", "vasilisa")
    expect_pop(hers, "network-1", "ringing")
    hers.context.set_offline(True)
    try:
        house.push("network-1", "CANCELLED", "vasilisa")
        house.push("network-2", "INCOMING", "vasilisa")
    finally:
        with hers.expect_websocket():  # whatever became of the old line, it is not trusted any more
            hers.context.set_offline(False)
    _is_back(hers)
    expect_pop(hers, "network-2", "ringing")


def test_a_server_that_hangs_is_noticed_and_left_for_a_fresh_line(house: House) -> None:
    hers = house.another_browser(VASILISA).new_page()
    hers.clock.install()
    hers.goto("/desk")
    on_line(hers)
    with _hung(house):
        hers.clock.fast_forward(LONGER_THAN_TWO_BEATS)
        off_line(hers)
    _is_back(hers)
    house.push("hung-1", "INCOMING", "vasilisa")
    expect_pop(hers, "hung-1", "ringing")


def test_one_tab_too_many_pauses_the_oldest_until_it_is_wanted(house: House) -> None:
    first = house.another_browser(VASILISA).new_page()
    first.clock.install()
    lines: list[WebSocket] = []
    first.on("websocket", lambda line: lines.append(line))  # noqa: PLW0108 - Playwright marks it
    first.goto("/desk")
    on_line(first)
    others = [house.open(VASILISA) for _ in range(TABS_PER_USER)]
    expect(first.locator("#paused")).to_be_visible()
    assert first.get_attribute("body", "data-live") == "off"
    first.clock.fast_forward(LONGER_THAN_TWO_BEATS)
    first.evaluate("() => dispatchEvent(new Event('online'))")
    expect(first.locator("#paused")).to_be_visible()
    assert len(lines) == 1  # it does not push another tab out by itself
    first.locator("#paused [data-revive]").click()
    on_line(first)
    expect(others[0].locator("#paused")).to_be_visible()


def test_a_full_server_is_tried_again_until_it_has_room(
    browser: Browser, template_database: Path, tmp_path: Path
) -> None:
    served = Served(tmp_path / "data", PULT_TABS_MAX=1)
    served.data_dir.mkdir(mode=0o700)
    shutil.copy(template_database, served.data_dir / "pult.db")
    cookies = furnish(served)
    served.start()
    hers, his = (browser.new_context(base_url=served.url) for _ in range(2))
    try:
        for context, who in ((hers, VASILISA), (his, IVAN)):
            context.add_cookies([{"name": "pult", "value": cookies[who.email], "url": served.url}])
        on_line(_at_the_desk(hers))
        second = _at_the_desk(his)
        expect(second.locator("#lost")).to_be_visible(timeout=COMES_BACK_MS)
        hers.close()
        _is_back(second)
        assert second.url.endswith("/desk")
    finally:
        hers.close()
        his.close()
        served.stop()


def _at_the_desk(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/desk")
    return page


@contextmanager
def _hung(house: House) -> Iterator[None]:
    """A server whose processes stand still: its sockets stay open, and nobody answers."""
    assert house.served.process is not None
    os.killpg(house.served.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(house.served.process.pid, signal.SIGCONT)


def _is_back(page: Page) -> None:
    page.wait_for_selector("body[data-live=on]", timeout=COMES_BACK_MS)

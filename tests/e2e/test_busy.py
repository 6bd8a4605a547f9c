"""What takes seconds is seen to be under way, in the reader's language, and is not begun twice."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from app.pbx.replies import Reply
from tests.e2e.company import GUEST, KOSCHEI, VASILISA, YAGA
from tests.e2e.house import House

BROKEN = Reply(502, "text/html", b"<h1>Bad gateway</h1>")
TAKEN = Reply(200, "application/json", b'{"uuid": "SLOWLY-TAKEN"}')
SLOW_S = 2.0
# Two clicks, and what the button says when the page goes: while it does, Playwright looks at nothing.
CLICK_TWICE = """(button) => {
  const say = () => sessionStorage.setItem("said", `${button.textContent} ${button.ariaBusy}`);
  addEventListener("pagehide", say);
  button.click();
  button.click();
}"""


def test_fetching_the_pbx_users_says_that_the_pbx_is_asked(house: House) -> None:
    house.pbx.prepare("accounts", BROKEN, SLOW_S)
    page = house.open(YAGA, "/admin/accounts")
    before = _asked(house, "accounts")
    _button(page, "/admin/accounts/sync").evaluate(CLICK_TWICE)
    expect(page.locator(".banner.miss:visible")).to_be_visible(timeout=10_000)
    assert page.evaluate("() => sessionStorage.getItem('said')") == "Спрашиваем АТС… true"
    assert _asked(house, "accounts") == before + 1
    house.said.clear()  # a browser counts a 502 among the errors


def test_a_test_of_the_connection_says_so_too(house: House) -> None:
    house.pbx.prepare("accounts", BROKEN, SLOW_S)
    page = house.open(GUEST, "/admin/setup")
    button = _button(page, "/admin/setup/test")
    button.click()
    _expect_under_way(page, button, "Asking the PBX…")
    expect(button).to_have_text("Test the connection", timeout=10_000)
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_a_dial_says_so_until_the_pbx_has_answered(house: House) -> None:
    house.pbx.prepare("makeCall", TAKEN, SLOW_S)
    hers = house.open(VASILISA)
    hers.locator("#dial-phone").fill("+7 900 000-05-09")
    button = _button(hers, "/dial")
    button.click()
    _expect_under_way(hers, button, "Набираем…")
    expect(hers.locator("#dials [data-dial]")).to_have_attribute("data-dial", "accepted", timeout=10_000)
    expect(button).to_have_text("Набрать")


def test_a_file_that_is_made_first_says_so(house: House) -> None:
    house.history("file-1", "vasilisa")
    log = house.open(KOSCHEI, "/calls")
    link = log.get_by_role("link", name="XLSX")
    with log.expect_download() as started:
        link.click()
    assert started.value.suggested_filename == "calls.xlsx"
    assert started.value.path().read_bytes()[:2] == b"PK"
    expect(link).to_have_text("XLSX")


def _button(page: Page, action: str) -> Locator:
    return page.locator(f'main form[action="{action}"] button, .top form[action="{action}"] button').first


def _expect_under_way(page: Page, button: Locator, words: str) -> None:
    expect(button).to_have_text(words)
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button.locator(".spin")).to_be_visible()
    expect(page.locator("#announce")).to_have_text(words)


def _asked(house: House, command: str) -> int:
    return sum(heard["cmd"] == command for heard in house.pbx.commands_heard)

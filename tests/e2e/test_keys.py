"""Keys that work while nothing is being typed."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.company import KOSCHEI, VASILISA
from tests.e2e.house import House, expect_pop

PRESSED = """([key, code]) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }))"""


def test_a_question_mark_lists_the_keys_and_escape_closes_only_the_list(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("keys-1", "INCOMING", "vasilisa")
    expect_pop(hers, "keys-1", "ringing")
    hers.keyboard.press("?")
    expect(hers.locator("#keys")).to_be_visible()
    hers.keyboard.press("Escape")
    expect(hers.locator("#keys")).to_be_hidden()
    expect_pop(hers, "keys-1", "ringing")


def test_slash_goes_to_the_box_to_dial_in_any_layout(house: House) -> None:
    hers = house.open(VASILISA)
    hers.keyboard.press("/")
    expect(hers.locator("#dial-phone")).to_be_focused()
    hers.keyboard.type("/")
    expect(hers.locator("#dial-phone")).to_have_value("/")
    hers.locator("#dial-phone").blur()
    hers.evaluate(PRESSED, [".", "Slash"])  # what that key says in a Russian layout
    expect(hers.locator("#dial-phone")).to_be_focused()


def test_slash_goes_to_the_search_where_nothing_is_dialled(house: House) -> None:
    log = house.open(KOSCHEI, "/calls")
    log.keyboard.press("/")
    expect(log.locator("[type=search]")).to_be_focused()

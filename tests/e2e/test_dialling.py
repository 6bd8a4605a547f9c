"""Dialling from the page against the built-in PBX: once, with words for every way it may end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.pbx.replies import Reply
from tests.e2e.company import FISH, FISH_PHONE, VASILISA
from tests.e2e.house import House, ever_popped

REFUSED = Reply(400, "application/json", b'{"error": "Invalid parameters"}')
BROKEN = Reply(502, "text/html", b"<h1>Bad gateway</h1>")


@pytest.fixture(autouse=True)
def quick_pbx(house: House) -> Iterator[None]:
    """A PBX whose clients lift the phone soon."""
    pbx = house.pbx
    before = pbx.dial_status, pbx.dial_ring_s, pbx.dial_talk_s
    pbx.dial_ring_s, pbx.dial_talk_s = 1.0, 2
    yield
    assert pbx.settle(20)
    pbx.dial_status, pbx.dial_ring_s, pbx.dial_talk_s = before


def test_a_double_click_dials_once_and_the_call_appears(house: House) -> None:
    hers = house.open(VASILISA)
    hers.locator("#dial-phone").fill("8 (900) 000-02-11")
    hers.locator("#dial-box button").dblclick()
    card = hers.locator('#pops [data-direction="out"]')
    expect(card).to_have_attribute("data-state", "ringing")
    expect(card.locator("[data-who]")).to_have_text(FISH)
    expect(card).to_have_attribute("data-state", "talking")
    expect(card).to_have_count(0)
    expect(hers.locator("#today li").first).to_contain_text(FISH)
    assert _dialled(house) == [FISH_PHONE]
    assert ever_popped(hers) == set()


def test_the_page_says_what_the_dial_waits_for(house: House) -> None:
    house.pbx.prepare("makeCall", Reply(200, "application/json", b'{"uuid": "NOBODY-RINGS"}'))
    hers = house.open(VASILISA)
    _dial(hers, "+7 900 000-05-01")
    expect(hers.locator("#dials [data-dial]")).to_have_attribute("data-dial", "accepted")
    expect(hers.locator("#dials")).to_contain_text("звонит ваш телефон: снимите трубку")


def test_a_number_the_pbx_refuses_is_said_in_words(house: House) -> None:
    house.pbx.prepare("makeCall", REFUSED)
    hers = house.open(VASILISA)
    _dial(hers, "+7 900 000-05-02")
    said = hers.locator("#dials").get_by_role("alert")
    expect(said).to_contain_text("Не набрали +7 900 000-05-02")
    expect(said).to_contain_text("АТС")


def test_no_clear_answer_is_told_as_just_that(house: House) -> None:
    house.pbx.prepare("makeCall", BROKEN)
    hers = house.open(VASILISA)
    _dial(hers, "+7 900 000-05-03")
    expect(hers.locator("#dials [data-dial]")).to_have_attribute("data-dial", "unknown")
    expect(hers.locator("#dials").get_by_role("alert")).to_contain_text("+7 900 000-05-03")


def test_what_is_no_number_is_refused_before_the_pbx_is_asked(house: House) -> None:
    before = len(house.pbx.commands_heard)
    hers = house.open(VASILISA)
    _dial(hers, "позвони маме")
    expect(hers.locator("#dials").get_by_role("alert")).to_be_visible()
    assert len(house.pbx.commands_heard) == before


def test_a_missed_call_is_called_back_with_one_click(house: House) -> None:
    phone = "79000000504"
    house.push("missed-1", "INCOMING", "vasilisa", phone=phone)
    house.push("missed-1", "CANCELLED", "vasilisa", phone=phone)
    house.history("missed-1", "vasilisa", status="missed", phone=phone, duration="9")
    hers = house.open(VASILISA)
    hers.locator('#today [data-callid="missed-1"]').get_by_role("button").click()
    expect(hers.locator('#pops [data-direction="out"]')).to_have_attribute("data-state", "ringing")
    assert _dialled(house)[-1] == phone


def _dial(page: Page, number: str) -> None:
    page.locator("#dial-phone").fill(number)
    page.locator("#dial-box button").click()


def _dialled(house: House) -> list[str]:
    return [form["phone"] for form in house.pbx.commands_heard if form["cmd"] == "makeCall"]

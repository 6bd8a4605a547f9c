"""What differs on a phone's screen."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.e2e.company import KOSCHEI, VASILISA
from tests.e2e.house import PHONE_SCREEN, House


def test_the_filters_of_the_log_fold_unless_one_is_set(house: House) -> None:
    log = house.open(KOSCHEI, "/calls")
    outcome = log.locator("[name=outcome]")
    expect(outcome).to_be_visible()
    log.set_viewport_size(PHONE_SCREEN)
    expect(outcome).to_be_hidden()
    log.locator(".fold > summary").click()
    expect(outcome).to_be_visible()
    log.goto("/calls?outcome=missed")
    expect(outcome).to_be_visible()


def test_a_ringing_call_comes_first_then_the_box_to_dial_then_the_day(house: House) -> None:
    hers = house.open(VASILISA)
    hers.set_viewport_size(PHONE_SCREEN)
    house.push("phone-1", "INCOMING", "vasilisa")
    places = [hers.locator(place) for place in ("#pops [data-pop]", "#dial-box", "#today")]
    for place in places:
        expect(place).to_be_visible()
    tops = [_top(place) for place in places]
    assert tops == sorted(tops)


def _top(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"]

"""Every page, with calls on it, is for everybody: light and dark, wide and narrow, Russian and English."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.company import FISH_PHONE, GUEST, KOSCHEI, SITE, VASILISA, YAGA, Someone
from tests.e2e.house import DESK_SCREEN, PHONE_SCREEN, House, on_line

AGENT = ["/desk", "/missed", "/contacts", "/contacts/{contact}", "/calls?q=02-11", "/calls/{call}", "/me"]
SUPERVISOR = ["/wallboard", "/calls?q=02-11", "/calls?from=2026-02-02&to=2026-02-01", "/calls?q=nobody"]
ADMIN = [
    "/calls/{call}",
    "/admin/setup",
    "/admin/accounts",
    "/admin/users",
    "/admin/numbers",
    "/admin/routing",
    "/admin/inbox",
    "/admin/audit",
]
PAGES = [
    *((VASILISA, path) for path in AGENT),
    *((KOSCHEI, path) for path in SUPERVISOR),
    *((YAGA, path) for path in ADMIN),
]
IDS = [f"{who.role}-{path}" for who, path in PAGES]
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
CONTRAST = ["color-contrast"]

Complaints = Callable[..., list[str]]


@pytest.mark.parametrize(("who", "path"), PAGES, ids=IDS)
def test_a_page_is_for_everybody(house: House, complaints: Complaints, who: Someone, path: str) -> None:
    page = house.open(who, _lively(house, path))
    _check(page, complaints)
    _forget_expected(house, path)
    assert house.said == []


@pytest.mark.parametrize("path", ["/login", "/nowhere"])
def test_a_strangers_page_is_for_everybody(house: House, complaints: Complaints, path: str) -> None:
    page = house.new_browser().new_page()
    page.goto(path)
    _check(page, complaints)


def test_long_names_and_english_words_fit_everywhere(house: House) -> None:
    page = house.open(GUEST, _lively(house, "/desk"))
    for path in [*AGENT, *SUPERVISOR, *ADMIN]:
        page.goto(_lively(house, path))
        on_line(page)
        for screen in (PHONE_SCREEN, DESK_SCREEN):
            page.set_viewport_size(screen)
            assert page.evaluate(TOO_WIDE) <= 0, (path, screen)


def test_no_room_of_the_navigation_is_left_out_here(house: House) -> None:
    links = house.open(YAGA, "/me").locator("nav.side a.nav").all()
    assert {link.get_attribute("href") for link in links} <= {path.partition("?")[0] for _, path in PAGES}


def _lively(house: House, path: str) -> str:
    """Let phones ring and people talk; returns the path with ids of what there is."""
    house.push("lively-1", "INCOMING", "vasilisa", phone=FISH_PHONE, diversion=SITE)
    house.push("lively-2", "INCOMING", "vasilisa", phone="anonymous")
    house.push("lively-2", "ACCEPTED", "vasilisa", phone="anonymous")
    house.history(
        "lively-3", "vasilisa", phone=FISH_PHONE, link=f"{house.pbx.base_url}/record/demo/a_000a.wav"
    )
    house.history("lively-4", "vasilisa", status="missed", phone="79000000444")
    call = house.rows("SELECT id FROM call WHERE callid = 'lively-3'")[0][0]
    contact = house.rows(f"SELECT contact_id FROM contact_phone WHERE number = '+{FISH_PHONE}'")[0][0]
    return path.format(call=call, contact=contact)


def _check(page: Page, complaints: Complaints) -> None:
    """The desk by day, the phone by night; the night of the desk changes nothing but its colours."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert page.evaluate(TOO_WIDE) <= 0
    assert complaints(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert complaints(page, CONTRAST) == []
    page.set_viewport_size(PHONE_SCREEN)
    assert page.evaluate(TOO_WIDE) <= 0
    assert complaints(page) == []


def _forget_expected(house: House, path: str) -> None:
    """A browser counts our own refusal of wrong filters among the errors."""
    if "from=" in path:
        house.said = [words for words in house.said if "status of 400" not in words]

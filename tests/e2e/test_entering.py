"""Coming in and going out in a browser: the first administrator, log-in, roles, language, log-out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.company import EMELYA, KOSCHEI, VASILISA, YAGA, Someone
from tests.e2e.house import House, on_line
from tests.personas import PASSWORD
from tests.serving import Served

HOMES = {"agent": "/desk", "supervisor": "/wallboard", "admin": "/admin/setup"}
ROOMS = {
    "agent": {"/desk", "/missed", "/contacts", "/calls"},
    "supervisor": {"/desk", "/missed", "/contacts", "/calls", "/wallboard"},
}
CLOSED = {
    "agent": ["/wallboard", "/admin", "/admin/accounts", "/admin/users"],
    "supervisor": ["/admin/setup"],
}


@pytest.fixture
def empty(tmp_path: Path, template_database: Path) -> Iterator[Served]:
    """A server on which nobody is yet."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    shutil.copy(template_database, data_dir / "pult.db")
    served = Served(data_dir)
    served.start()
    yield served
    served.stop()


@pytest.mark.chromium
def test_the_printed_link_makes_the_first_administrator_once(empty: Served, page: Page) -> None:
    link = _printed_link(empty)
    page.goto(link)
    answers = {"name": "Баба Яга", "email": YAGA.email, "password": PASSWORD, "again": PASSWORD}
    for name, value in answers.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("form").get_by_role("button").click()
    page.wait_for_url("**/admin/setup")
    on_line(page)
    answer = page.goto(link)
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("who", [VASILISA, KOSCHEI, YAGA], ids=lambda who: who.role)
def test_a_log_in_leads_to_the_home_of_the_role(house: House, who: Someone) -> None:
    page = house.new_browser().new_page()
    page.goto("/")
    _fill(page, who)
    page.wait_for_url(f"**{HOMES[who.role]}")
    on_line(page)


def test_a_log_in_leads_back_to_the_page_that_was_wanted(house: House) -> None:
    page = house.new_browser().new_page()
    page.goto("/calls?outcome=missed")
    _fill(page, VASILISA)
    page.wait_for_url("**/calls?outcome=missed")


def test_a_wrong_password_is_said(house: House) -> None:
    page = house.new_browser().new_page()
    page.goto("/login")
    _fill(page, VASILISA, "wrong password")
    expect(page.get_by_role("alert")).to_have_text("Почта или пароль не подошли.")
    expect(page.locator("[name=email]")).to_have_value(VASILISA.email)


@pytest.mark.parametrize("who", [VASILISA, KOSCHEI], ids=lambda who: who.role)
def test_a_role_sees_and_enters_its_own_rooms_only(house: House, who: Someone) -> None:
    page = house.open(who, "/calls")
    links = page.locator("nav.side a.nav")
    assert {link.get_attribute("href") for link in links.all()} == ROOMS[who.role]
    for path in CLOSED[who.role]:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading").first).to_be_visible()


def test_one_click_makes_the_page_english_and_keeps_its_place(house: House) -> None:
    page = house.open(KOSCHEI, "/calls")
    try:
        _choose_language(page, "English")
        expect(page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        assert page.url.endswith("/calls")
    finally:
        _choose_language(page, "Русский")
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def test_a_log_out_elsewhere_closes_the_tabs_at_once(house: House) -> None:
    here, there = (house.new_browser().new_page() for _ in range(2))
    for page in (here, there):
        page.goto("/login?next=/me")
        _fill(page, EMELYA)
        page.wait_for_url("**/me")
        on_line(page)
    there.locator('form[action="/me/sessions/revoke"]').get_by_role("button").click()
    here.wait_for_url("**/login?next=%2Fme")
    on_line(there)


def _printed_link(served: Served) -> str:
    found = re.search(r"http://\S+/setup/\S+", served.log.read_text())
    assert found is not None
    return found[0]


def _fill(page: Page, who: Someone, password: str = PASSWORD) -> None:
    form = page.locator('form[action="/login"]')
    form.locator("[name=email]").fill(who.email)
    form.locator("[name=password]").fill(password)
    form.get_by_role("button").click()


def _choose_language(page: Page, name: str) -> None:
    page.locator("nav.side button.me").click()
    page.get_by_role("button", name=name).click()

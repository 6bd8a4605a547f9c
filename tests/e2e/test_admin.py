"""The administrator's way: connect the PBX, fetch its users, say who they are."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.pbx.company import PEOPLE
from app.pbx.fake import FakePbx
from tests.e2e.company import VASILISA, YAGA
from tests.e2e.house import House, expect_pop


@pytest.fixture
def other_pbx() -> Iterator[FakePbx]:
    """Another PBX, with a key of its own."""
    pbx = FakePbx(token="another-key")
    pbx.start()
    yield pbx
    pbx.stop()


def test_the_connection_is_tested_with_one_click(house: House) -> None:
    page = house.open(YAGA, "/admin/setup")
    _submit(page, "/admin/setup/test")
    expect(page.locator("[data-test=ok]")).to_contain_text(str(len(PEOPLE)))


def test_an_address_is_saved_and_tested_by_itself(house: House, other_pbx: FakePbx) -> None:
    page = house.open(YAGA, "/admin/setup")
    _connect(page, other_pbx.url, "wrong-key")
    expect(page.locator("[data-test=failed]")).to_contain_text("АТС не приняла ключ")
    assert "wrong-key" not in page.content()
    _connect(page, house.pbx.url, house.pbx.token)
    expect(page.locator("[data-test=ok]")).to_be_visible()


def test_a_new_key_lets_the_pbx_in_and_is_shown_once(house: House) -> None:
    page = house.open(YAGA, "/admin/setup")
    _submit(page, "/admin/setup/keys")
    key = page.locator("[data-new-key]").input_value()
    _until_answered(house, key, 200)
    page.goto("/admin/setup")
    assert key not in page.content()
    page.locator('form[action$="/revoke"] button').first.click()
    expect(page.get_by_text("отозван", exact=True)).to_be_visible()
    _until_answered(house, key, 401)


def test_a_fetched_user_of_the_pbx_is_mapped_and_gets_their_calls(house: House) -> None:
    admin, hers = house.open(YAGA, "/admin/accounts"), house.open(VASILISA)
    _submit(admin, "/admin/accounts/sync")
    expect(admin.get_by_text(f"пользователей {len(PEOPLE)}")).to_be_visible()
    row = admin.locator('tr[data-login="emelya"]')
    row.get_by_role("combobox").select_option(label=VASILISA.name)
    row.locator("form.inline button").first.click()
    mapped = admin.get_by_role("region", name="Сопоставлены").locator('tr[data-login="emelya"]')
    expect(mapped).to_be_visible()
    house.push("mapped-1", "INCOMING", "emelya")
    expect_pop(hers, "mapped-1", "ringing")
    mapped.get_by_role("combobox").select_option("")
    mapped.locator("form.inline button").first.click()
    expect(mapped).to_have_count(0)


def _until_answered(house: House, key: str, status: int) -> None:
    """The server looks at its keys again once a second."""
    until = time.monotonic() + 10
    while house.served.push(cmd="contact", callid="key-1", crm_token=key).status_code != status:
        assert time.monotonic() < until, f"the key is not answered with {status}"
        time.sleep(0.1)


def _connect(page: Page, address: str, key: str) -> None:
    page.locator("[name=url]").fill(address)
    page.locator("[name=token]").fill(key)
    _submit(page, "/admin/setup")


def _submit(page: Page, action: str) -> None:
    page.locator(f'form[action="{action}"]').get_by_role("button").click()

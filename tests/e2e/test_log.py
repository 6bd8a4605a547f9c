"""The log in a browser: filters, pages, a recording that sounds, a file for a spreadsheet."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.company import KOSCHEI, VASILISA
from tests.e2e.house import House, expect_pop

OUR_NUMBER = "79000000077"
CALLS = 60
A_PAGE = 50
COLUMNS = "callid,direction,outcome,phone,contact,user,via,started_at,wait_s,duration_s,recording"


@pytest.fixture(scope="module", autouse=True)
def calls(settled_house: House) -> None:
    """Sixty calls through a number of their own: a third missed, some recorded, the last minute by minute."""
    now = datetime.now(UTC)
    for number in range(CALLS):
        start = (now - timedelta(minutes=CALLS - number)).strftime("%Y%m%dT%H%M%SZ")
        about = {"phone": f"7900000{6000 + number}", "diversion": OUR_NUMBER, "start": start, "wait": "5"}
        if number % 3 == 0:
            settled_house.history(f"log-{number}", "pbx", status="missed", **{**about, "duration": "8"})
        else:
            link = f"{settled_house.pbx.base_url}/record/demo/secret-name-{number}_000a.wav"
            login = "vasilisa" if number % 3 == 1 else "ivan"
            settled_house.history(f"log-{number}", login, link=link, duration="10", **about)


def test_filters_narrow_the_log_and_stand_in_the_address(house: House) -> None:
    log = _log(house)
    log.locator("[name=outcome]").select_option("missed")
    expect(_rows(log)).to_have_count(20)
    assert {row.get_attribute("data-outcome") for row in _rows(log).all()} == {"missed"}
    assert "outcome=missed" in log.url
    log.reload()
    expect(_rows(log)).to_have_count(20)
    log.locator("[name=q]").fill("60-03")
    log.locator("[name=q]").press("Enter")
    expect(_rows(log)).to_have_count(1)
    expect(_rows(log)).to_have_attribute("data-callid", "log-3")


def test_a_person_is_a_filter_too(house: House) -> None:
    log = _log(house)
    log.locator("[name=user]").select_option(label=VASILISA.name)
    expect(_rows(log)).to_have_count(20)
    expect(_rows(log).first).to_contain_text(VASILISA.name)


def test_pages_show_every_call_once_in_order(house: House) -> None:
    log = _log(house)
    expect(_rows(log)).to_have_count(A_PAGE)
    first = _callids(log)
    log.locator("a[rel=next]").click()
    expect(_rows(log)).to_have_count(CALLS - A_PAGE)
    assert first + _callids(log) == [f"log-{number}" for number in reversed(range(CALLS))]
    log.locator("a[rel=prev]").click()
    expect(_rows(log)).to_have_count(A_PAGE)
    assert _callids(log) == first


def test_a_recording_sounds_and_its_real_address_stays_hidden(house: House) -> None:
    log = _log(house)
    row = log.locator('tr[data-callid="log-58"]')
    row.locator("[data-play]").click()
    sound = log.locator("#player audio")
    log.wait_for_function("() => document.querySelector('#player audio').currentTime > 0.3")
    assert sound.evaluate("audio => audio.duration") == pytest.approx(10, abs=1)
    expect(row).to_have_attribute("aria-current", "true")
    sound.evaluate("audio => { audio.currentTime = 7 }")  # a part of the file, not all of it
    log.wait_for_function("() => document.querySelector('#player audio').currentTime > 7.1")
    for page in (log.content(), log.request.get(row.get_by_role("link").get_attribute("href") or "").text()):
        assert "secret-name" not in page
        assert house.pbx.base_url not in page


def test_the_calls_that_are_shown_come_as_a_file(house: House) -> None:
    log = _log(house, "&outcome=answered&recorded=yes")
    with log.expect_download() as started:
        log.get_by_role("link", name="CSV").click()
    text = started.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert text.splitlines()[0] == COLUMNS
    assert len(rows) == 40
    newest = rows[0]
    assert newest["callid"] == "log-59"
    assert (newest["user"], newest["phone"], newest["recording"]) == ("ivan", "+79000006059", "yes")


def test_an_open_log_says_that_there_are_newer_calls(house: House) -> None:
    log, hers = _log(house), house.open(VASILISA)
    house.push("newer-1", "INCOMING", "vasilisa", diversion=OUR_NUMBER)
    expect_pop(hers, "newer-1", "ringing")
    house.push("newer-1", "ACCEPTED", "vasilisa", diversion=OUR_NUMBER)
    house.push("newer-1", "COMPLETED", "vasilisa", diversion=OUR_NUMBER)
    log.locator("#calls-stale").get_by_role("link").click()
    expect(_rows(log).first).to_have_attribute("data-callid", "newer-1")


def test_an_agent_sees_only_own_calls_and_no_file_of_all(house: House) -> None:
    mine = house.open(VASILISA, f"/calls?via=%2B{OUR_NUMBER}&outcome=answered&recorded=yes")
    expect(_rows(mine)).to_have_count(20)
    expect(mine.get_by_role("link", name="CSV")).to_have_count(0)
    theirs = house.rows("SELECT id FROM call WHERE callid = 'log-59'")[0][0]
    answer = mine.goto(f"/calls/{theirs}")
    assert answer is not None
    assert answer.status == 404


def _log(house: House, more: str = "") -> Page:
    return house.open(KOSCHEI, f"/calls?via=%2B{OUR_NUMBER}{more}")


def _rows(page: Page) -> Locator:
    return page.locator("tr[data-callid]")


def _callids(page: Page) -> list[str | None]:
    return [row.get_attribute("data-callid") for row in _rows(page).all()]

"""The wallboard as a supervisor sees it: after any burst it says what the database says."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.e2e.company import FISH, FISH_PHONE, IVAN, KOSCHEI, SITE, SITE_LABEL, VASILISA
from tests.e2e.house import House, pops

LOGINS = ("vasilisa", "ivan", "maria")
LIVE = "SELECT callid, outcome FROM call WHERE outcome IN ('ringing', 'talking') ORDER BY callid"
WAITING, TALKING, FREE, MISSED, TOTAL = range(5)


def test_a_call_stands_on_the_wallboard_from_ring_to_end(house: House) -> None:
    board = house.open(KOSCHEI, "/wallboard")
    house.push("board-1", "INCOMING", "vasilisa", phone=FISH_PHONE, diversion=SITE)
    row = _row(board, "board-1")
    expect(row).to_have_attribute("data-state", "ringing")
    for words in (FISH, VASILISA.name, SITE_LABEL):
        expect(row).to_contain_text(words)
    house.push("board-1", "ACCEPTED", "vasilisa", phone=FISH_PHONE, diversion=SITE)
    expect(row).to_have_attribute("data-state", "talking")
    house.push("board-1", "COMPLETED", "vasilisa", phone=FISH_PHONE, diversion=SITE)
    expect(row).to_have_count(0)
    expect(board.locator("#calls .when-empty")).to_be_visible()
    expect(pops(board)).to_have_count(0)


def test_after_a_burst_the_wallboard_equals_the_database(house: House) -> None:
    board = house.open(KOSCHEI, "/wallboard")
    with ThreadPoolExecutor(6) as pbx:
        list(pbx.map(lambda number: _some_call(house, number), range(36)))
    for page in (board, house.open(KOSCHEI, "/wallboard")):
        rows = page.locator("#call-list [data-callid]")
        live = house.rows(LIVE)
        assert len(live) == 24
        expect(rows).to_have_count(len(live))
        assert sorted((row.get_attribute("data-callid"), _state(row)) for row in rows.all()) == live


def test_the_figures_are_those_of_the_database(house: House) -> None:
    board = house.open(KOSCHEI, "/wallboard")
    house.push("figure-1", "INCOMING", "vasilisa")
    house.push("figure-2", "INCOMING", "ivan")
    house.push("figure-2", "ACCEPTED", "ivan")
    house.push("figure-3", "OUTGOING", "maria", direction="out")
    house.history("figure-4", "pbx", status="missed", duration="12")
    _expect_figure(board, WAITING, 1)
    _expect_figure(board, TALKING, 1)
    _expect_figure(board, FREE, 0)
    _expect_figure(board, MISSED, _ended_today(house, "outcome = 'missed'"))
    _expect_figure(board, TOTAL, _ended_today(house, "outcome NOT IN ('ringing', 'talking')"))


def test_people_are_shown_as_their_phones_are(house: House) -> None:
    board = house.open(KOSCHEI, "/wallboard")
    hers = board.locator("#people .agent", has_text=VASILISA.name)
    his = board.locator("#people .agent", has_text=IVAN.name)
    expect(hers).to_contain_text("свободен")
    house.push("people-1", "INCOMING", "vasilisa")
    expect(hers).to_contain_text("звонит")
    expect(his).to_contain_text("свободен")
    house.push("people-1", "ACCEPTED", "vasilisa")
    expect(hers).to_contain_text("говорит")
    house.push("people-1", "COMPLETED", "vasilisa")
    expect(hers).to_contain_text("свободен")


def test_on_a_television_the_hours_are_whole_however_many_calls_there_are(
    house: House, complaints: Callable[..., list[str]]
) -> None:
    house.history("television-0", "vasilisa")
    board = house.open(KOSCHEI, "/wallboard")
    board.set_viewport_size({"width": 1920, "height": 1080})
    for number in range(1, 13):
        house.push(f"television-{number}", "INCOMING", LOGINS[number % 3])
    expect(board.locator("#call-list > li")).to_have_count(12)
    expect(board.locator(".hours li").last).to_be_in_viewport(ratio=1)
    assert board.evaluate("() => document.documentElement.scrollHeight") == 1080
    assert complaints(board) == []


def _some_call(house: House, number: int) -> None:
    """One of three still rings, one talks, one is over."""
    callid, login = f"burst-{number}", LOGINS[number % 3]
    phone = f"790000004{number:02}"
    house.push(callid, "INCOMING", login, phone=phone)
    if number // 3 % 3:
        house.push(callid, "ACCEPTED", login, phone=phone)
    if number // 3 % 3 == 2:
        house.push(callid, "COMPLETED", login, phone=phone)


def _ended_today(house: House, which: str) -> int:
    midnight = datetime.now(ZoneInfo("Europe/Moscow")).replace(hour=0, minute=0, second=0, microsecond=0)
    since = int(midnight.timestamp() * 1000)
    return int(house.rows(f"SELECT COUNT(*) FROM call WHERE {which} AND started_at >= {since}")[0][0])


def _row(board: Page, callid: str) -> Locator:
    return board.locator(f'#call-list [data-callid="{callid}"]')


def _state(row: Locator) -> str | None:
    return row.get_attribute("data-state")


def _expect_figure(board: Page, which: int, value: int) -> None:
    expect(board.locator("#counts .kpi").nth(which).locator("dd").first).to_have_text(str(value))

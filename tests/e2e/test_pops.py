"""Screen pops as people see them: whose call it is, how it stands, when it goes."""

from __future__ import annotations

from time import sleep

from playwright.sync_api import CDPSession, expect

from tests.e2e.company import IVAN, KOSCHEI, MARIA, SITE, VASILISA
from tests.e2e.house import House, ever_popped, expect_pop, expect_quiet, pop, pops

RE_RING_S = 2.1  # an INCOMING this long after CANCELLED is a new ring (call-rules: re-ring)


def test_a_call_pops_up_for_the_one_it_rings_and_for_nobody_else(house: House) -> None:
    hers, his, watching = house.open(VASILISA), house.open(IVAN), house.open(KOSCHEI, "/calls")
    house.push("solo-1", "INCOMING", "vasilisa")
    expect_pop(hers, "solo-1", "ringing")
    expect(pop(hers, "solo-1")).to_have_id(f"call-{_id(house, 'solo-1')}")
    house.push("solo-2", "INCOMING", "ivan")
    expect_pop(his, "solo-2", "ringing")
    for callid, login in (("solo-1", "vasilisa"), ("solo-2", "ivan")):
        house.push(callid, "ACCEPTED", login)
        house.push(callid, "COMPLETED", login)
    expect(watching.locator("#calls-stale")).not_to_be_empty()  # so it has heard of their end
    assert (ever_popped(hers), ever_popped(his), ever_popped(watching)) == ({"solo-1"}, {"solo-2"}, set())


def test_a_pop_follows_its_call_from_ring_to_talk_to_end(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("talk-1", "INCOMING", "vasilisa")
    expect_pop(hers, "talk-1", "ringing")
    expect(hers).to_have_title("(1) Звонит +7 900 000-00-01 — Стол — Пульт")
    house.push("talk-1", "ACCEPTED", "vasilisa")
    expect_pop(hers, "talk-1", "talking")
    expect(pops(hers)).to_contain_text("Вы говорите")
    house.push("talk-1", "COMPLETED", "vasilisa")
    expect_quiet(hers)
    expect(hers.locator('#today [data-callid="talk-1"]')).to_have_attribute("data-outcome", "answered")


def test_a_pop_leaves_when_the_caller_gives_up(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("gave-up-1", "INCOMING", "vasilisa")
    expect_pop(hers, "gave-up-1", "ringing")
    house.push("gave-up-1", "CANCELLED", "vasilisa")
    expect_quiet(hers)


def test_a_pop_comes_to_every_page_of_the_person(house: House) -> None:
    desk, log = house.open(VASILISA), house.open(VASILISA, "/calls")
    house.push("anywhere-1", "INCOMING", "vasilisa")
    expect_pop(desk, "anywhere-1", "ringing")
    expect_pop(log, "anywhere-1", "ringing")


def test_a_group_call_leaves_the_others_when_one_answers_and_says_who(house: House) -> None:
    hers, his, other = house.open(VASILISA), house.open(IVAN), house.open(MARIA)
    for someone in (VASILISA, IVAN, MARIA):
        house.push("group-1", "INCOMING", someone.login)
    for page in (hers, his, other):
        expect_pop(page, "group-1", "ringing")
    house.push("group-1", "ACCEPTED", "ivan")
    expect_pop(his, "group-1", "talking")
    for page in (hers, other):
        expect_quiet(page)
        expect(page.locator("#notices")).to_contain_text("Ответ: Иван Царевич")
    expect(his.locator("#notices")).to_be_empty()


def test_who_answered_is_said_also_when_the_other_phones_were_told_to_stop_first(house: House) -> None:
    hers, his = house.open(VASILISA), house.open(IVAN)
    for someone in (VASILISA, IVAN):
        house.push("group-2", "INCOMING", someone.login)
    expect_pop(hers, "group-2", "ringing")
    house.push("group-2", "CANCELLED", "vasilisa")
    expect_quiet(hers)
    house.push("group-2", "ACCEPTED", "ivan")
    expect_pop(his, "group-2", "talking")
    expect(hers.locator("#notices")).to_contain_text("Ответ: Иван Царевич")


def test_a_call_one_makes_is_no_screen_pop(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("out-1", "OUTGOING", "vasilisa", direction="out")
    card = hers.locator('#pops [data-callid="out-1"]')
    expect(card).to_have_attribute("data-state", "ringing")
    house.push("out-1", "ACCEPTED", "vasilisa", direction="out")
    expect(card).to_have_attribute("data-state", "talking")
    house.push("out-1", "COMPLETED", "vasilisa", direction="out")
    expect(card).to_have_count(0)
    assert ever_popped(hers) == set()


def test_a_phone_that_rings_again_pops_up_again(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("again-1", "INCOMING", "vasilisa")
    expect_pop(hers, "again-1", "ringing")
    house.push("again-1", "CANCELLED", "vasilisa")
    expect_quiet(hers)
    sleep(RE_RING_S)
    house.push("again-1", "INCOMING", "vasilisa")
    expect_pop(hers, "again-1", "ringing")


def test_a_call_handed_over_moves_to_the_other_screen(house: House) -> None:
    hers, his = house.open(VASILISA), house.open(IVAN)
    house.push("first-1", "INCOMING", "vasilisa")
    house.push("first-1", "ACCEPTED", "vasilisa")
    expect_pop(hers, "first-1", "talking")
    house.push("first-1", "TRANSFERRED", "vasilisa", second_callid="second-1")
    house.push("second-1", "INCOMING", "ivan")
    expect_pop(his, "first-1", "ringing")
    house.push("first-1", "COMPLETED", "vasilisa")
    house.push("second-1", "ACCEPTED", "ivan")
    expect_pop(his, "first-1", "talking")
    expect_quiet(hers)
    house.push("second-1", "COMPLETED", "ivan")
    expect_quiet(his)


def test_two_calls_at_once_are_two_pops(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("both-1", "INCOMING", "vasilisa")
    house.push("both-2", "INCOMING", "vasilisa", phone="79000000002", diversion=SITE)
    expect(pops(hers)).to_have_count(2)
    house.push("both-1", "CANCELLED", "vasilisa")
    expect_pop(hers, "both-2", "ringing")


def _id(house: House, callid: str) -> int:
    return int(house.rows(f"SELECT id FROM call WHERE callid = '{callid}'")[0][0])


def test_a_ringing_card_moves_without_laying_the_page_out(house: House) -> None:
    hers = house.open(VASILISA)
    house.push("still-1", "INCOMING", "vasilisa")
    expect_pop(hers, "still-1", "ringing")
    devtools = hers.context.new_cdp_session(hers)
    devtools.send("Performance.enable")
    before = _layouts(devtools)
    hers.evaluate("async () => { for (let n = 0; n < 60; n++) await new Promise(requestAnimationFrame); }")
    assert _layouts(devtools) - before < 10  # its clock and the like; a frame each would be 60


def _layouts(devtools: CDPSession) -> float:
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "LayoutCount"))

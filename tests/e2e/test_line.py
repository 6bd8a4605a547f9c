"""The page's own part of its line: refusals, ringing titles, hidden pops, timers, sound, notices."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import Open, Server
from tests.personas import Actor

ON = "body[data-live=on]"
OFF = "body[data-live=off]"
NOTE_TOLD = "addEventListener('htmx:ws:after:message:incoming', () => { globalThis.told = true; })"
# What a frame of a ringing call puts on the page, in the words of the contract.
RING = """([id, who]) => document.getElementById("pops").insertAdjacentHTML("afterbegin",
  `<article class="card pop ring" id="call-${id}" data-pop data-callid="c-${id}" data-state="ringing">
     <h2 data-who>${who}</h2><button type="button" data-hide>x</button></article>`)"""


@pytest.fixture
def desk(open_as: Open, context: BrowserContext, agent: Actor) -> Page:
    """The agent's desk, on line and told how things stand: that wipes what a test has drawn before."""
    context.add_init_script(NOTE_TOLD)
    page = open_as(agent, "/desk")
    page.wait_for_selector(ON)
    page.wait_for_function("() => globalThis.told")
    return page


def test_a_lost_line_forbids_what_needs_it(desk: Page, server: Server, app: Flask, agent: Actor) -> None:
    desk.evaluate(
        "() => document.getElementById('main').insertAdjacentHTML('beforeend',"
        " '<button id=probe data-needs-line>x</button>')"
    )
    server.stop()
    app.extensions["pult"].hub.close_user(agent.id, 1012)
    expect(desk.locator("#probe")).to_be_disabled()
    server.start()
    expect(desk.locator("#probe")).to_be_enabled(timeout=15_000)


def test_a_stranger_is_sent_to_the_login_by_a_refused_line(
    desk: Page, server: Server, app: Flask, agent: Actor
) -> None:
    desk.context.clear_cookies()
    app.extensions["pult"].hub.close_user(agent.id, 1012)
    desk.wait_for_url("**/login?next=%2Fdesk", timeout=15_000)


def test_a_ringing_call_stands_in_the_title(desk: Page) -> None:
    title = desk.title()
    desk.evaluate(RING, [1, "Кот Базилио"])
    desk.evaluate(RING, [2, "Лиса Алиса"])
    expect(desk).to_have_title(f"(2) Звонит Лиса Алиса — {title}")
    expect(desk.locator("#announce")).to_contain_text("Лиса Алиса")
    desk.evaluate("() => document.querySelectorAll('#pops > *').forEach(pop => pop.remove())")
    expect(desk).to_have_title(title)


def test_escape_hides_the_top_card_for_good(desk: Page) -> None:
    desk.evaluate(RING, [1, "Кот Базилио"])
    desk.evaluate(RING, [2, "Лиса Алиса"])
    desk.keyboard.press("Escape")
    expect(desk.locator("#call-2")).to_have_count(0)
    desk.evaluate(RING, [2, "Лиса Алиса"])  # a snapshot draws it again
    expect(desk.locator("#call-2")).to_have_count(0)
    expect(desk.locator("#call-1")).to_have_count(1)


def test_a_timer_runs_by_the_servers_clock(desk: Page) -> None:
    since = int((time.time() - 3_725) * 1_000)
    desk.evaluate(
        "since => document.getElementById('main').insertAdjacentHTML('beforeend',"
        " `<span id=probe data-since=${since}></span>`)",
        since,
    )
    expect(desk.locator("#probe")).to_have_text("1:02:07", timeout=10_000)


def test_the_sound_switch_says_how_things_stand(desk: Page) -> None:
    switch = desk.locator("#sound")
    expect(switch).to_have_attribute("data-sound", "blocked")
    desk.locator("h1").click()
    expect(switch).to_have_attribute("data-sound", "on")
    switch.click()
    expect(switch).to_have_attribute("data-sound", "off")
    desk.reload()
    expect(switch).to_have_attribute("data-sound", "off")


def test_a_notice_leaves_by_itself_unless_it_matters(desk: Page) -> None:
    desk.clock.install()
    desk.evaluate(
        "() => document.getElementById('notices').insertAdjacentHTML('beforeend',"
        " '<div class=toast id=short></div><div class=toast id=long data-keep></div>')"
    )
    desk.clock.fast_forward("00:10")
    expect(desk.locator("#short")).to_have_count(0)
    expect(desk.locator("#long")).to_have_count(1)

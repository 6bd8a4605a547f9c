"""The log in a real browser: filtering without losing the place, and hearing a recording."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.extensions import db
from app.services import recordings
from tests.calls_made import MINUTE, Calls
from tests.e2e.conftest import Open
from tests.personas import Actor
from tests.sound_host import SoundHost, sound_host, tone

SOUND = "#player audio"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_RECORDING_HOSTS": "127.0.0.1"}


@pytest.fixture
def host() -> Iterator[SoundHost]:
    with sound_host() as running:
        yield running


@pytest.fixture
def log(app: Flask, host: SoundHost, open_as: Open, supervisor: Actor) -> Page:
    """The log with two recorded calls, the second's file not there, and one outgoing call."""
    calls = Calls(app)
    calls.made(callid="heard", ago=MINUTE, link=host.serve("/a.wav", tone(20)))
    calls.made(callid="lost", ago=2 * MINUTE, link=host.serve("/b.wav", b"gone", 410))
    calls.made(callid="out", ago=3 * MINUTE, type="out", diversion="")
    pult = app.extensions["pult"]
    recordings.fetch_due(pult.writer, db.engine, pult.settings)
    return open_as(supervisor, "/calls")


def test_a_filter_changes_rows_and_address_without_a_reload(log: Page) -> None:
    log.evaluate("() => { window.mark = 1 }")
    log.locator("[name=direction]").select_option("out")
    expect(log.locator("tr[data-callid]")).to_have_count(1)
    expect(log).to_have_url(re.compile("direction=out"))
    assert log.evaluate("() => window.mark") == 1
    log.go_back()
    expect(log.locator("tr[data-callid]")).to_have_count(3)


def test_a_recording_is_heard_sought_in_and_paused(log: Page) -> None:
    button = log.locator("tr[data-callid=heard] [data-play]")
    button.click()
    log.wait_for_function(f"() => document.querySelector('{SOUND}').currentTime > 0.2")
    expect(log.locator("tr[data-callid=heard]")).to_have_attribute("aria-current", "true")
    log.keyboard.press("l")
    log.wait_for_function(f"() => document.querySelector('{SOUND}').currentTime > 5")
    button.click()
    log.wait_for_function(f"() => document.querySelector('{SOUND}').paused")
    log.locator("[data-speed='2']").click()
    assert log.evaluate(f"() => document.querySelector('{SOUND}').playbackRate") == 2


def test_what_cannot_be_heard_is_said(log: Page) -> None:
    log.locator("tr[data-callid=lost] [data-play]").click()
    expect(log.locator("#player [data-said]")).to_be_visible()

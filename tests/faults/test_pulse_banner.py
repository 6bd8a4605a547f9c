"""The banner of a silent PBX: who reads what, on pages that are loaded and on those that are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from flask import Flask
from sqlalchemy import insert

from app.extensions import db
from app.models import CallHour, Push
from app.services import intake
from app.services.clock import now
from app.services.connection import ensure_pbx
from app.services.writer import Unit
from tests.faults.callers import hire
from tests.live.pages import dial, eventually
from tests.personas import Actor
from tests.serving import Served

HOUR = 3_600_000
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_LANG": "en"}


def fall_silent(unit: Unit) -> None:
    """A company that is called all day and all night, and has heard nothing for three hours."""
    today = datetime.now(MOSCOW).replace(minute=0)
    hours = [f"{today - timedelta(hours=hour):%Y-%m-%dT%H}" for hour in range(3, 24 * 30)]
    row = {"did_id": 0, "direction": "in", "outcome": "answered", "calls": 30, "duration_s": 0, "wait_s": 0}
    unit.conn.execute(insert(CallHour), [{**row, "hour": hour} for hour in hours])
    push = {"received_at": now() - 3 * HOUR, "body": b"", "source": "http", "state": "ok"}
    unit.conn.execute(insert(Push).values(pbx_id=ensure_pbx(unit), **push))


@pytest.fixture
def look(app: Flask) -> Callable[[], None]:
    """The job's look at the feed, at once."""

    def at_once() -> None:
        with db.engine.connect() as conn:
            app.extensions["pult"].pulse.look(conn, now())

    return at_once


@pytest.fixture
def silent(app: Flask, look: Callable[[], None]) -> Flask:
    app.extensions["pult"].writer.write(fall_silent)
    look()
    return app


def banner(actor: Actor, path: str = "/desk") -> str:
    text = actor.get(path).get_data(as_text=True)
    return text[text.index('<div id="feed"') :].split("</div>\n</div>", 1)[0]


def test_a_feed_that_lives_is_no_matter_for_a_banner(agent: Actor) -> None:
    assert 'data-feed="ok"' in banner(agent)
    assert "Nothing from the PBX" not in banner(agent)


@pytest.mark.parametrize("path", ["/desk", "/missed", "/contacts", "/calls", "/me"])
def test_everybody_is_told_on_every_page(silent: Flask, agent: Actor, path: str) -> None:
    said = banner(agent, path)
    assert 'data-feed="silent"' in said
    assert "Nothing from the PBX since" in said
    assert "/admin/setup" not in said
    assert "usual" not in said


def test_the_admin_is_told_what_was_last_seen_and_where_to_go(silent: Flask, admin: Actor) -> None:
    said = banner(admin)
    assert "Nothing at all has come since." in said
    assert "calls are usual in such a time" in said
    assert 'href="/admin/setup"' in said


def test_the_admin_is_told_of_wrong_keys(silent: Flask, look: Callable[[], None], admin: Actor) -> None:
    silent.extensions["pult"].writer.write(intake.count_refused_key, "203.0.113.5")
    look()
    said = banner(admin)
    assert "A wrong key comes from 203.0.113.5" in said
    assert "Nothing at all" not in said


def test_the_metric_turns_red(silent: Flask, agent: Actor) -> None:
    said = agent.get("/metrics").get_data(as_text=True)
    assert "pult_feed_silent 1.0" in said
    [seconds] = [
        line.split()[1] for line in said.splitlines() if line.startswith("pult_feed_last_push_seconds ")
    ]
    assert 3 * 3600 - 60 < float(seconds) < 3 * 3600 + 600


def test_without_any_push_the_metric_has_no_number(app: Flask, agent: Actor) -> None:
    said = agent.get("/metrics").get_data(as_text=True)
    assert "pult_feed_silent 0.0" in said
    assert "pult_feed_last_push_seconds NaN" in said


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "data", PULT_LANG="en")
    yield server
    server.stop()


def test_an_open_page_is_told_when_the_feed_dies_and_when_it_is_back(served: Served) -> None:
    [caller] = hire(served, 1, also=fall_silent)
    served.start()
    assert eventually(lambda: "pult_feed_silent 1.0" in requests.get(f"{served.url}/metrics", timeout=5).text)
    _, page = dial(served.port, caller.cookie)
    page.sock.settimeout(30)
    while 'data-feed="silent"' not in page.text():
        pass
    assert "Nothing from the PBX since" in caller.get("/desk").text
    served.push(cmd="event", type="INCOMING", callid="alive").raise_for_status()
    while 'data-feed="ok"' not in page.text():
        pass
    page.sock.close()

"""The door of the page's line: who is refused before the upgrade, and what the hand-over leaves behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from app.config import Settings
from app.live import board, frames
from app.services import sessions
from tests.live.pages import HANDSHAKE, Page, dial, eventually
from tests.personas import Actor
from tests.serving import Served, free_port

Serve = Callable[..., Served]
Ring = Callable[[int, str], tuple[str, Page]]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A port of our own, since it is part of the origin; limits that are soon reached."""
    bind = f"127.0.0.1:{free_port()}"
    return {**environment, "PULT_BIND": bind, "PULT_TABS_PER_USER": "2", "PULT_TABS_MAX": "3"}


@pytest.fixture
def port(app: Flask, settings: Settings) -> Iterator[int]:
    """The application served by Flask's development server, in this process."""
    server = make_server("127.0.0.1", settings.port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield settings.port
    app.extensions["pult"].hub.stop()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def serve(app: Flask, settings: Settings) -> Iterator[Serve]:
    """A function that serves the test's database as `pult serve` does."""
    running: list[Served] = []

    def start(**more: Any) -> Served:
        running.append(Served(settings.data_dir, **more).start())
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def ring() -> Iterator[Ring]:
    """`dial`, with pages that are closed after the test."""
    pages: list[Page] = []

    def at(port: int, cookie: str) -> tuple[str, Page]:
        head, page = dial(port, cookie)
        pages.append(page)
        return head, page

    yield at
    for page in pages:
        page.sock.close()


def opened(rung: tuple[str, Page]) -> Page:
    """A page whose line stands: its snapshot has come, so the hub has it."""
    head, page = rung
    assert head.startswith("HTTP/1.1 101 ")
    while 'id="feed"' not in page.text():  # the last frame of every snapshot
        pass
    return page


def origin(settings: Settings) -> dict[str, str]:
    return {"Origin": settings.local_url}


def test_without_an_upgrade_the_door_says_426_and_401_to_a_stranger(agent: Actor, stranger: Actor) -> None:
    assert agent.get("/live").status_code == 426
    assert stranger.get("/live").status_code == 401


def test_a_stranger_is_refused_before_the_upgrade(stranger: Actor, settings: Settings) -> None:
    assert stranger.get("/live", headers=HANDSHAKE | origin(settings)).status_code == 401


@pytest.mark.parametrize("foreign", ["https://elsewhere.example", "http://127.0.0.1:1", "null"])
def test_a_page_of_another_site_is_refused_before_the_upgrade(agent: Actor, foreign: str) -> None:
    assert agent.get("/live", headers={**HANDSHAKE, "Origin": foreign}).status_code == 403


def test_a_full_hub_is_told_before_the_upgrade(app: Flask, agent: Actor, settings: Settings) -> None:
    app.extensions["pult"].hub.stop()
    answer = agent.get("/live", headers=HANDSHAKE | origin(settings))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_bad_handshake_is_the_clients_fault(agent: Actor, settings: Settings) -> None:
    no_key = {**HANDSHAKE, **origin(settings), "Sec-WebSocket-Key": "short"}
    assert agent.get("/live", headers=no_key).status_code == 400
    old = agent.get("/live", headers={**HANDSHAKE, **origin(settings), "Sec-WebSocket-Version": "8"})
    assert (old.status_code, old.headers["Sec-WebSocket-Version"]) == (426, "13")


def test_the_line_begins_with_a_snapshot_and_goes_on_with_calls(
    serve: Serve, supervisor: Actor, ring: Ring
) -> None:
    server = serve()
    head, page = ring(server.port, supervisor.cookie)
    assert head.startswith("HTTP/1.1 101 ")
    assert "extensions" not in head.lower()
    assert page.text()
    server.push(
        cmd="event", type="INCOMING", user="ivan", callid="call-1", phone="79000000017"
    ).raise_for_status()
    while 'data-callid="call-1"' not in page.text():
        pass


def test_the_development_server_hands_its_sockets_over_too(
    app: Flask, port: int, supervisor: Actor, ring: Ring
) -> None:
    head, page = ring(port, supervisor.cookie)
    assert head.startswith("HTTP/1.1 101 ")
    assert page.text()
    app.extensions["pult"].hub.stop()
    assert page.close_code() == 1012


def test_a_tab_that_froze_is_sent_away_and_begins_with_the_truth_when_it_wakes(
    app: Flask, port: int, supervisor: Actor, ring: Ring
) -> None:
    hub = app.extensions["pult"].hub
    frozen = opened(ring(port, supervisor.cookie))
    for n in range(10_000):
        if hub.stats()["dropped_slow"]:
            break
        hub.send(board.topic("ru"), [frames.encode(f"<p>{n}</p>" * 500)])
        eventually(lambda: not hub._loop._commands)
    assert hub.stats()["dropped_slow"] == 1
    push = {"cmd": "event", "type": "INCOMING", "user": "ivan", "callid": "call-1", "phone": "79000000017"}
    push |= {"diversion": "74950000001", "crm_token": "TEST-CRM-TOKEN"}
    requests.post(f"http://127.0.0.1:{port}/pbx", data=push, timeout=10).raise_for_status()
    frozen.end()
    _head, awake = ring(port, supervisor.cookie)
    while 'data-callid="call-1"' not in awake.text():
        pass


def test_over_the_limit_of_a_user_the_oldest_tab_is_paused(port: int, agent: Actor, ring: Ring) -> None:
    oldest = opened(ring(port, agent.cookie))
    for _ in range(2):
        opened(ring(port, agent.cookie))
    assert oldest.close_code() == 4409


def test_over_the_limit_of_the_process_the_door_is_shut(
    port: int, agent: Actor, supervisor: Actor, ring: Ring
) -> None:
    for cookie in (agent.cookie, agent.cookie, supervisor.cookie):
        opened(ring(port, cookie))
    head, _ = ring(port, supervisor.cookie)
    assert head.startswith("HTTP/1.1 503 ")


def test_logging_out_closes_the_tabs_of_that_session_alone(
    app: Flask, port: int, agent: Actor, ring: Ring
) -> None:
    other_cookie = app.extensions["pult"].writer.write(sessions.start, agent.id)
    page, stays = opened(ring(port, agent.cookie)), opened(ring(port, other_cookie))
    agent.post("/logout")
    assert page.close_code() == 4401
    assert stays.is_silent()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_a_restart_sends_every_tab_back_at_once(
    serve: Serve, agent: Actor, sign: signal.Signals, ring: Ring
) -> None:
    server = serve()
    pages = [opened(ring(server.port, agent.cookie)) for _ in range(5)]
    browser = requests.Session()  # an idle keep-alive connection, as every browser has
    browser.get(f"{server.url}/healthz", timeout=5)
    assert server.process is not None
    os.kill(server.process.pid, sign)
    assert [page.close_code() for page in pages] == [1012] * 5
    browser.close()

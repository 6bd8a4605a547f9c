"""What a tab that comes costs the database: a thousand of them come at once after a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.serving import make_server

from app.config import Settings
from tests.live.pages import dial
from tests.personas import Actor
from tests.serving import free_port

QUERIES = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def queries() -> Iterator[list[str]]:
    """Every query of every connection that is opened from here on, as the database itself hears it."""
    heard: list[str] = []

    def listen(statement: str) -> None:
        if statement.lstrip().upper().startswith(QUERIES):
            heard.append(statement)

    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.set_trace_callback(listen)

    event.listen(Engine, "connect", on_connect)
    yield heard
    event.remove(Engine, "connect", on_connect)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_BIND": f"127.0.0.1:{free_port()}", "PULT_TABS_PER_USER": "100"}


@pytest.fixture
def port(queries: list[str], app: Flask, settings: Settings) -> Iterator[int]:
    server = make_server("127.0.0.1", settings.port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield settings.port
    app.extensions["pult"].hub.stop()
    server.shutdown()
    thread.join()
    server.server_close()


def come(port: int, person: Actor, tabs: int) -> None:
    for _ in range(tabs):
        head, page = dial(port, person.cookie)
        with page.sock:
            assert head.startswith("HTTP/1.1 101 ")
            while 'id="feed"' not in page.text():  # the last frame of every snapshot
                pass


@pytest.mark.parametrize("who", ["agent", "supervisor"])
def test_a_tab_that_comes_asks_the_database_twice_at_most(
    queries: list[str], port: int, who: str, request: pytest.FixtureRequest
) -> None:
    person: Actor = request.getfixturevalue(who)
    come(port, person, 2)  # the first ones of all load what everybody will see
    queries.clear()
    come(port, person, 10)
    assert len(queries) >= 10
    assert len(queries) <= 2 * 10, "\n".join(sorted(set(queries)))

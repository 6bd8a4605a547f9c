"""Tabs that come and go in crowds: all are let in, and nothing of them is left behind."""

from __future__ import annotations

import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from flask import Flask
from wsproto.events import CloseConnection

from app.config import Settings
from tests.live.pages import Page, dial, enter, eventually, knock
from tests.personas import Actor
from tests.serving import Served

CYCLES = 10_000 if os.environ.get("PULT_FAULTS") == "full" else 300
AT_ONCE = 25
CROWD = 1000 if os.environ.get("PULT_FAULTS") == "full" else 200
ALL_IN_WITHIN_S = 15
OPEN_AT_ONCE = 16  # connections to the database: the loop's threads and ours
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def server(app: Flask, settings: Settings) -> Iterator[Served]:
    """The test's database, served as `pult serve` does."""
    served = Served(settings.data_dir, PULT_TABS_PER_USER=2000).start()
    yield served
    served.stop()


@pytest.fixture
def lines() -> Iterator[ExitStack]:
    """The pages' sockets, closed after the test."""
    with ExitStack() as sockets:
        yield sockets


class Size(NamedTuple):
    """What the process that holds the sockets has of each."""

    threads: int
    tabs: int
    descriptors: int  # without those of the database
    database: int


def size_of(server: Served) -> Size:
    """As it is now."""
    assert server.process is not None
    pid = server.process.pid
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    tabs = re.search(r"^pult_live_tabs (\d+)", text, re.M)
    assert tabs is not None
    targets = [_target(path) for path in Path(f"/proc/{worker}/fd").iterdir()]
    database = sum("/pult.db" in target for target in targets)
    threads = len(list(Path(f"/proc/{worker}/task").iterdir()))
    return Size(threads, int(tabs[1]), len(targets) - database, database)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # closed this moment
        return ""


def is_as_before(now: Size, before: Size) -> bool:
    """Whether nothing has stayed.

    SQLite keeps the descriptor of a connection that is closed while another one of the process holds a lock,
    and takes it again for the next: so there are as many as were ever open at once, however many tabs come.
    """
    stayed = [here - there for here, there in zip(now[:3], before[:3], strict=True)]
    return max(stayed) <= 2 and now.database - before.database <= OPEN_AT_ONCE


def come(server: Served, person: Actor) -> list[Page]:
    pages = []
    for _ in range(AT_ONCE):
        head, page = dial(server.port, person.cookie)
        assert head.startswith("HTTP/1.1 101 ")
        assert page.text()
        pages.append(page)
    return pages


def go(page: Page, how: int) -> None:
    """Politely, by closing the line in the middle, or as if a cable were pulled."""
    if how == 0:
        page.say(CloseConnection(code=1001))
        page.end()
    elif how == 2:
        page.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    page.sock.close()


def test_tabs_that_come_back_all_at_once_after_a_restart_are_let_in_while_pushes_are_answered(
    server: Served, supervisor: Actor, lines: ExitStack
) -> None:
    server.kill()
    server.start()
    begun = time.monotonic()
    knocking = [lines.enter_context(knock(server.port, supervisor.cookie)) for _ in range(CROWD)]
    for n in range(5):
        server.push(cmd="event", type="INCOMING", user="ivan", callid=f"call-{n}").raise_for_status()
    pages = [enter(sock) for sock in knocking]
    for head, page in pages:
        assert head.startswith("HTTP/1.1 101 ")
        while 'id="feed"' not in page.text():  # the last frame of every snapshot
            pass
    assert time.monotonic() - begun < ALL_IN_WITHIN_S
    calls = [f'data-callid="call-{n}"'.encode() for n in range(5)]
    for _head, page in pages:
        while not all(call in page.raw for call in calls):
            assert page.read()


def test_tabs_that_come_and_go_leave_nothing_behind(server: Served, supervisor: Actor) -> None:
    for n, page in enumerate(come(server, supervisor)):  # what is loaded once is loaded by now
        go(page, n % 3)
    assert eventually(lambda: size_of(server).tabs == 0)
    before = size_of(server)
    for _ in range(CYCLES // AT_ONCE):
        for n, page in enumerate(come(server, supervisor)):
            go(page, n % 4)
        server.push(cmd="event", type="INCOMING", user="ivan", callid="call-1").raise_for_status()
    assert eventually(lambda: is_as_before(size_of(server), before)), (before, size_of(server))
    assert eventually(lambda: size_of(server).tabs == 0)

"""The line itself: partial writes, slow readers, pings, bad input, goodbyes, nothing left behind."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from functools import partial

import pytest
from wsproto.events import CloseConnection

from app.live import frames
from tests.live.conftest import MakeHub, OpenPage
from tests.live.pages import Page, eventually, tcp_pair, unix_pair

KILOBYTE = "x" * 1024


def numbered(n: int, size: int) -> str:
    return f"{n}:" + "x" * size


def read_slowly(page: Page, sizes: random.Random) -> None:
    """Read in small bites to the end of the line."""
    while page.read(sizes.randint(1, 3000)):
        pass


def has_read(page: Page, size: int) -> bool:
    return len(page.raw) >= size


def whole_messages(page: Page) -> list[str]:
    """All that was read, as messages; the protocol object has already refused any torn frame."""
    messages = []
    while page._events and not isinstance(page._events[0], CloseConnection):
        messages.append(page.text())
    return messages


@pytest.mark.parametrize("pair", [unix_pair, tcp_pair])
def test_partial_writes_never_tear_or_mix_frames(
    make_hub: MakeHub, open_page: OpenPage, pair: Callable[[], tuple[socket.socket, socket.socket]]
) -> None:
    hub = make_hub(stall_s=60, beat_s=0.02, sweep_s=0.01)
    page = open_page(hub, pair=pair)
    page.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    dice = random.Random(4)
    sent = [numbered(n, dice.choice((0, 10, 120, 5000, 30_000, 70_000))) for n in range(60)]
    reader = threading.Thread(target=read_slowly, args=(page, dice))
    reader.start()
    due = 0
    for message in sent:
        hub.send("calls", [frames.encode(message)])
        due += len(message)
        eventually(partial(has_read, page, due - 120_000))
    assert eventually(partial(has_read, page, due))
    hub.stop()
    reader.join(10)
    got = [message for message in whole_messages(page) if not message.startswith("{")]
    assert got == sent
    event = page.next()
    assert isinstance(event, CloseConnection)
    assert event.code == 1012


def test_a_tab_that_reads_nothing_is_dropped_and_the_others_are_not_harmed(
    make_hub: MakeHub, open_page: OpenPage
) -> None:
    hub = make_hub(stall_s=0.1, close_s=0.05, sweep_s=0.02)
    frozen = open_page(hub, user=1)
    awake = [open_page(hub, user=user) for user in range(2, 6)]
    for n in range(400):
        hub.send("calls", [frames.encode(numbered(n, 1024))])
        for page in awake:
            assert page.text().startswith(f"{n}:")
    assert eventually(lambda: hub.stats()["tabs"] == 4)
    assert hub.stats()["dropped_slow"] == 1
    assert eventually(lambda: hub.stats()["waiting_bytes"] == 0)
    frozen.end()
    got = whole_messages(frozen)
    assert got == [numbered(n, 1024) for n in range(len(got))]


def test_a_tab_that_takes_no_byte_for_too_long_is_dropped_though_little_waits(
    make_hub: MakeHub, open_page: OpenPage
) -> None:
    hub = make_hub(stall_s=0.1, close_s=0.05, sweep_s=0.02)
    frozen = open_page(hub, topics=[])
    hub.send_to(frozen.id, [frames.encode("x" * 250_000)])
    assert eventually(lambda: hub.stats()["waiting_bytes"] > 0)
    assert eventually(lambda: hub.stats() == {"tabs": 0, "users": 0, "waiting_bytes": 0, "dropped_slow": 1})


def test_a_slow_tab_that_wakes_in_time_reads_the_frame_under_way_and_then_1013(
    make_hub: MakeHub, open_page: OpenPage
) -> None:
    hub = make_hub(close_s=5, stall_s=60)
    page = open_page(hub, pair=tcp_pair)
    sent = 0
    while hub.stats()["dropped_slow"] == 0:
        hub.send("calls", [frames.encode(numbered(sent, 2000))])
        sent += 1
        assert sent < 20_000
    assert page.close_code() == 1013
    assert page.raw.count(b":x") < sent


def test_more_than_64_frames_do_not_wait_for_a_slow_tab(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(stall_s=60)
    page, other = open_page(hub, topics=["calls"]), open_page(hub, topics=[])
    hub.send_to(page.id, [frames.encode("x" * 250_000)])
    assert eventually(lambda: hub.stats()["waiting_bytes"] > 0)
    for _ in range(63):
        hub.send("calls", [frames.encode("")])
    other.settle(hub)
    assert hub.stats()["dropped_slow"] == 0
    hub.send("calls", [frames.encode("one too many")])
    assert eventually(lambda: hub.stats()["dropped_slow"] == 1)


def test_a_snapshot_of_many_frames_counts_as_one_that_waits(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(stall_s=60)
    page = open_page(hub, topics=["calls"])
    snapshot = [numbered(n, 1000) for n in range(230)]
    hub.send_to(page.id, [frames.encode(row) for row in snapshot])
    hub.send("calls", [frames.encode("after")])
    assert page.texts(231) == [*snapshot, "after"]

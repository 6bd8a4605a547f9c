"""Many tabs at once, slow and frozen ones among them: every byte arrives, nobody pays for another."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from app.live import frames, loop
from app.live.burst import AtOnce, Burst, OneByOne
from app.live.hands import STRETCH, TwoHands
from app.live.hub import Hub
from app.live.rounds import LARGE
from tests.live.conftest import MakeHub, OpenPage
from tests.live.crowd import Crowd, Reader
from tests.live.pages import eventually, tcp_pair, unix_pair

TABS = STRETCH + LARGE  # a round is for both hands
FRAMES = 20_000 if os.environ.get("PULT_FAULTS") == "full" else 2000
STEP = 12  # two steps have fewer frames than those for which a slow tab is dropped
SIZES = (0, 5, 90, 125, 126, 400, 1500, 3000)
DROPPED_WITHIN_S = 10  # of the first byte that could not be written


@pytest.fixture
def dice() -> random.Random:
    return random.Random(2026)


@pytest.fixture
def crowd(dice: random.Random) -> Iterator[Crowd]:
    with Crowd(dice) as readers:
        yield readers


def two_hands() -> Burst:
    return TwoHands(AtOnce(), AtOnce())


@pytest.fixture(params=[two_hands, AtOnce, OneByOne])
def any_burst(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Burst]:
    """Hubs write in this way."""
    monkeypatch.setattr(loop, "best_burst", request.param)
    way: Callable[[], Burst] = request.param
    return way


def message(topic: str, n: int, size: int) -> str:
    return f"{topic}:{n}:" + "x" * size


def open_crowd(hub: Hub, open_page: OpenPage, crowd: Crowd, dice: random.Random) -> list[Reader]:
    """Tabs whose sockets take little at once: topics of their own, of a group, and of all of them."""
    readers = []
    for n in range(TABS):
        topics = ["board", f"group {n % 4}", f"own {n}"]
        page = open_page(hub, user=n, topics=topics, pair=tcp_pair if n % 2 else unix_pair)
        assert page.tab is not None
        page.tab.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, dice.randint(2000, 40_000))
        readers.append(crowd.add(page.sock))
    return readers


@pytest.mark.usefixtures("any_burst")
def test_every_byte_arrives_in_order_however_little_the_sockets_take(
    make_hub: MakeHub, open_page: OpenPage, crowd: Crowd, dice: random.Random
) -> None:
    hub = make_hub(stall_s=60, beat_s=600, ping_s=600)
    readers = open_crowd(hub, open_page, crowd, dice)
    crowd.start()
    watching = {"board": readers}
    for n, reader in enumerate(readers):
        watching.setdefault(f"group {n % 4}", []).append(reader)
        watching[f"own {n}"] = [reader]
    sent: dict[str, list[bytes]] = {topic: [] for topic in watching}
    due, due_before, most_waiting = dict.fromkeys(readers, 0), dict.fromkeys(readers, 0), 0
    for n in range(FRAMES):
        who = dice.randrange(TABS)
        for topic in dice.sample(["board", "board", f"group {who % 4}", f"own {who}"], 2):
            words = message(topic, n, dice.choice(SIZES))
            sent[topic].append(words.encode())
            hub.send(topic, [frames.encode(words)])
            for reader in watching[topic]:
                due[reader] += len(words)
        if n % STEP == 0:
            most_waiting = max(most_waiting, hub.stats()["waiting_bytes"])
            crowd.wait_for(due_before)
            due_before = dict(due)
    crowd.wait_for(due)
    for topic, those in watching.items():
        assert all(reader.messages[topic] == sent[topic] for reader in those), topic
    assert not crowd.failed
    assert most_waiting > 0
    assert hub.stats()["dropped_slow"] == 0


def test_frozen_tabs_among_many_are_dropped_in_time_and_nobody_else_misses_a_frame(
    make_hub: MakeHub, open_page: OpenPage, crowd: Crowd
) -> None:
    hub = make_hub()
    pages = [open_page(hub, user=n, topics=["board"]) for n in range(TABS)]
    frozen = [crowd.add(page.sock, frozen=True) for page in pages[::20]]
    awake = [crowd.add(page.sock) for n, page in enumerate(pages) if n % 20]
    crowd.start()
    n = 0
    while hub.stats()["waiting_bytes"] == 0:
        hub.send("board", [frames.encode(message("board", n, 5000))])
        n += 1
        crowd.wait_for(dict.fromkeys(awake, n * 5000))
    since = time.monotonic()
    while hub.stats()["dropped_slow"] < len(frozen):
        hub.send("board", [frames.encode(message("board", n, 10))])
        n += 1
        assert time.monotonic() - since < DROPPED_WITHIN_S
        time.sleep(0.2)
    assert eventually(lambda: all(len(reader.messages["board"]) == n for reader in awake))
    assert hub.stats()["dropped_slow"] == len(frozen)
    assert eventually(lambda: hub.stats()["tabs"] == len(awake))


def test_a_frozen_tab_that_wakes_reads_whole_frames_and_then_the_end(
    make_hub: MakeHub, open_page: OpenPage, crowd: Crowd
) -> None:
    hub = make_hub(stall_s=0.2, sweep_s=0.05)
    pages = [open_page(hub, user=n, topics=["board"]) for n in range(TABS)]
    frozen = crowd.add(pages[0].sock, frozen=True)
    awake = [crowd.add(page.sock) for page in pages[1:]]
    crowd.start()
    n = 0
    while hub.stats()["dropped_slow"] == 0:
        hub.send("board", [frames.encode(message("board", n, 3000))])
        n += 1
        crowd.wait_for(dict.fromkeys(awake, n * 3000))
    crowd.wake(frozen)
    assert eventually(lambda: frozen.ended)
    got = frozen.messages["board"]
    assert 0 < len(got) < n
    assert got == [message("board", k, 3000).encode() for k in range(len(got))]
    assert frozen.code in (0, 1013)  # where no byte was taken for too long there was no room for it
    assert not crowd.failed


@pytest.mark.usefixtures("any_burst")
@pytest.mark.parametrize(
    ("close", "code"),
    [
        (lambda hub: hub.close_session(7), 4401),
        (lambda hub: hub.close_user(1), 4401),
        (lambda hub: hub.close_all(), 1012),
        (lambda hub: hub.stop(), 1012),
    ],
    ids=["session", "user", "all", "stop"],
)
def test_many_tabs_are_sent_away_together(
    make_hub: MakeHub, open_page: OpenPage, crowd: Crowd, close: Callable[[Hub], None], code: int
) -> None:
    hub = make_hub(tabs_per_user=TABS, close_s=0.05, sweep_s=0.02)
    readers = [crowd.add(open_page(hub, user=1, session=7, pair=tcp_pair).sock) for _ in range(TABS)]
    crowd.start()
    hub.send("calls", [frames.encode("calls:last words")])
    crowd.wait_for(dict.fromkeys(readers, 1))
    close(hub)
    assert eventually(lambda: all(reader.code == code for reader in readers))
    assert eventually(lambda: all(reader.ended for reader in readers))
    assert [reader.messages["calls"] for reader in readers] == [[b"calls:last words"]] * TABS
    assert eventually(lambda: hub.stats()["tabs"] == 0)

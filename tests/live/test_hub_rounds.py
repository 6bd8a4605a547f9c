"""Large audiences: what gathers leaves together, and nobody waits for a round to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from app.concurrency import native_selector
from app.live import frames
from app.live.burst import OneByOne
from app.live.hub import Hub
from app.live.rounds import LARGE, Rounds
from app.live.tab import Tab
from app.live.watchers import Batch, Census
from app.live.wire import Timings, Wire
from tests.live.conftest import OpenPage
from tests.live.pages import Page, eventually, unix_pair

MANY = LARGE + 1
SEVERAL_PIECES = 600


def texts(*words: str) -> list[bytes]:
    return [frames.encode(word) for word in words]


def open_boards(hub: Hub, open_page: OpenPage, number: int = MANY) -> list[Page]:
    boards = [open_page(hub, user=user, session=user, topics=["board"]) for user in range(number)]
    boards[-1].settle(hub)
    return boards


@contextmanager
def held_up(hub: Hub) -> Iterator[None]:
    """The hub's thread does nothing meanwhile, so that all of it is queued together."""
    gate = threading.Event()
    assert hub._loop is not None
    hub._loop.post(lambda: gate.wait(5) and None)
    yield
    gate.set()


def test_frames_for_many_arrive_in_their_order_at_each_of_them(hub: Hub, open_page: OpenPage) -> None:
    boards = open_boards(hub, open_page, SEVERAL_PIECES)
    words = [f"{n}" for n in range(300)]
    for n, word in enumerate(words):
        hub.send("board", texts(word))
        if n % 50 == 0:
            assert boards[0].texts(n + 1 if n == 0 else 50)[-1] == word
    for page in boards[1:]:
        assert page.texts(300) == words


def test_frames_that_gather_leave_in_one_write(hub: Hub, open_page: OpenPage) -> None:
    boards = open_boards(hub, open_page)
    with held_up(hub):
        for n in range(200):
            hub.send("board", texts(f"{n}"))
    for page in boards:
        page.raw = b""
        assert page.read()
        assert page.raw == b"".join(texts(*map(str, range(200))))


def test_a_tab_is_not_slow_because_much_gathers(hub: Hub, open_page: OpenPage) -> None:
    boards = open_boards(hub, open_page)
    hub.send_to(boards[0].id, texts("x" * 200_000))
    assert eventually(lambda: hub.stats()["waiting_bytes"] > 0)
    with held_up(hub):
        for n in range(200):
            hub.send("board", texts(f"{n}"))
    assert boards[1].texts(200)[-1] == "199"
    assert boards[0].texts(201)[1:] == [str(n) for n in range(200)]
    assert hub.stats()["dropped_slow"] == 0


def test_a_screen_pop_does_not_wait_for_a_round(hub: Hub, open_page: OpenPage) -> None:
    open_boards(hub, open_page)
    both = open_page(hub, user=1000, topics=["board", "user:1000"])
    both.settle(hub)
    with held_up(hub):
        hub.send("board", texts("row"))
        hub.send("user:1000", texts("pop"))
    assert both.texts(2) == ["pop", "row"]


def test_a_tab_that_comes_while_frames_wait_gets_only_those_after_its_snapshot(
    hub: Hub, open_page: OpenPage
) -> None:
    boards = open_boards(hub, open_page)
    newcomer = open_page(hub, user=1000, topics=[])
    with held_up(hub):
        hub.send("board", texts("old"))
        hub.send_to(newcomer.id, texts("snapshot"))
        hub.subscribe(newcomer.id, ["board"])
        hub.send("board", texts("new"))
    assert newcomer.texts(2) == ["snapshot", "new"]
    for page in boards:
        assert page.texts(2) == ["old", "new"]
    newcomer.settle(hub)


def test_a_tab_that_leaves_while_frames_wait_gets_none_after_its_close_frame(
    hub: Hub, open_page: OpenPage
) -> None:
    boards = open_boards(hub, open_page)
    with held_up(hub):
        hub.send("board", texts("late"))
        hub.close_session(7)
    boards[7].raw = b""
    assert boards[7].close_code() == 4401
    assert boards[7].raw == frames.close(4401)
    assert boards[8].text() == "late"


def test_frames_of_an_audience_that_shrinks_keep_their_order(hub: Hub, open_page: OpenPage) -> None:
    boards = open_boards(hub, open_page)
    with held_up(hub):
        hub.send("board", texts("first"))
        for session in range(60):
            hub.close_session(session)
        hub.send("board", texts("second"))
    assert boards[-1].texts(2) == ["first", "second"]
    with held_up(hub):
        hub.send("board", texts("third"))
    assert boards[-1].text() == "third"


def test_when_the_last_of_many_has_gone_what_waits_is_forgotten(hub: Hub, open_page: OpenPage) -> None:
    boards = open_boards(hub, open_page)
    with held_up(hub):
        hub.send("board", texts("nobody"))
        hub.close_all()
    for page in boards:
        assert page.close_code() == 1012
    assert eventually(lambda: hub.topics() == set())
    newcomer = open_page(hub, topics=["board"])
    hub.send("board", texts("only this"))
    assert newcomer.text() == "only this"


class Kernel(OneByOne):
    """Writes that take as long as they are told to, and the clock that says so."""

    now = 1000.0
    takes_s = 0.03

    def __init__(self) -> None:
        self.written: list[int] = []

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        self.now += self.takes_s
        self.written.append(len(data))
        return super().write(descriptors, data)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def rounds(kernel: Kernel) -> Iterator[Rounds]:
    """Rounds to a wallboard that is open everywhere, without a thread."""
    selector = native_selector()
    wire = Wire(selector, kernel, Census(), 10, Timings())
    pairs = [unix_pair() for _ in range(MANY)]
    for n, (ours, _) in enumerate(pairs):
        ours.setblocking(False)
        wire.adopt(Tab(ours, id=n + 1, user=n, session=n, topics=frozenset({"board"})))
        wire.subscribe(n + 1, frozenset({"board", "banner"}))
    yield Rounds(wire, lambda: kernel.now)
    selector.close()
    for pair in pairs:
        for sock in pair:
            sock.close()


ROW = Batch("board", frames.encode("row"), 1)


def test_after_some_rest_a_round_begins_at_once(rounds: Rounds) -> None:
    assert rounds.wait_s() is None
    for _ in range(2):  # a row of the wallboard, and the figures that follow from it
        assert rounds.takes(ROW)
        assert rounds.wait_s() == 0.0
        rounds.go_on()
    assert rounds.wait_s() is None


def test_topics_take_turns_however_much_one_of_them_has_to_say(rounds: Rounds, kernel: Kernel) -> None:
    long = frames.encode("x" * 60_000)
    for _ in range(5):
        rounds.takes(Batch("board", long, 1))
    rounds.takes(Batch("banner", frames.encode("silent"), 1))
    for _ in range(3):
        kernel.now += rounds.wait_s() or 0.0
        rounds.go_on()
    assert kernel.written == [2 * len(long), len(frames.encode("silent")), 2 * len(long)]


def test_rounds_take_at_most_half_of_the_time_when_they_come_close_together(
    rounds: Rounds, kernel: Kernel
) -> None:
    begun, number = kernel.now, 200
    for _ in range(number):
        rounds.takes(ROW)
        kernel.now += rounds.wait_s() or 0.0
        rounds.go_on()
    assert number * kernel.takes_s / (kernel.now - begun) == pytest.approx(0.5, abs=0.02)


def test_a_machine_that_stood_still_does_not_make_them_wait(rounds: Rounds, kernel: Kernel) -> None:
    kernel.takes_s = 60.0
    rounds.takes(ROW)
    rounds.go_on()
    rounds.takes(ROW)
    assert rounds.wait_s() == 0.0

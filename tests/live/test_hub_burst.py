"""The same bytes to many sockets: both ways do the same, whatever the sockets make of it."""

from __future__ import annotations

import errno
import platform
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.live import burst as module
from app.live.burst import BATCH, FEW, AtOnce, Burst, OneByOne
from app.live.hands import TwoHands, best_burst
from tests.live.pages import tcp_pair, unix_pair

NO_SUCH_CALL = 100_000
Pair = tuple[socket.socket, socket.socket]


def two_hands() -> Burst:
    return TwoHands(AtOnce(), AtOnce())


@pytest.fixture(params=[OneByOne, AtOnce, two_hands])
def burst(request: pytest.FixtureRequest) -> Iterator[Burst]:
    made: Burst = request.param()
    yield made
    made.close()


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """Forty tabs, ours and theirs; more than a few, so that they are written to at once."""
    made = [tcp_pair() if n % 2 else unix_pair() for n in range(40)]
    for ours, _ in made:
        ours.setblocking(False)
    yield made
    for pair in made:
        for sock in pair:
            sock.close()


def descriptors(pairs: list[Pair]) -> list[int]:
    return [ours.fileno() for ours, _ in pairs]


def contexts() -> int:
    """Asynchronous I/O that the kernel holds for this process."""
    return Path("/proc/self/maps").read_text().count("[aio]")


def fill(sock: socket.socket) -> int:
    """Write until the socket takes no byte more."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    size = 0
    while True:
        try:
            size += sock.send(b"x" * 1000)
        except BlockingIOError:
            return size


def read_all(sock: socket.socket) -> bytes:
    sock.setblocking(False)
    data = b""
    while True:
        try:
            data += sock.recv(1 << 20)
        except BlockingIOError:
            return data


@pytest.mark.parametrize("number", [0, 1, FEW - 1, FEW, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 5])
def test_every_socket_takes_all_bytes_in_the_order_they_were_written(burst: Burst, number: int) -> None:
    ours, theirs = tcp_pair()
    with ours, theirs:
        ours.setblocking(False)
        assert list(burst.write([ours.fileno()] * number, b"ab")) == [2] * number
        assert list(burst.write([ours.fileno()] * number, b"cd")) == [2] * number
        assert theirs.recv(4 * number, socket.MSG_WAITALL) == b"ab" * number + b"cd" * number


def test_a_full_socket_takes_nothing_and_the_others_all(burst: Burst, pairs: list[Pair]) -> None:
    fill(pairs[7][0])
    taken = list(burst.write(descriptors(pairs), b"frame"))
    assert taken[7] == -errno.EAGAIN
    assert taken[:7] + taken[8:] == [5] * 39
    assert all(read_all(theirs) == b"frame" for n, (_, theirs) in enumerate(pairs) if n != 7)


def test_a_large_write_is_taken_as_far_as_it_fits(burst: Burst, pairs: list[Pair]) -> None:
    data = random.Random(7).randbytes(3_000_000)
    for ours, _ in pairs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    taken = list(burst.write(descriptors(pairs), data))
    assert all(0 < size < len(data) for size in taken)
    for size, (_, theirs) in zip(taken, pairs, strict=True):
        assert theirs.recv(size, socket.MSG_WAITALL) == data[:size]


def test_a_line_that_has_broken_says_so_and_costs_the_others_nothing(burst: Burst, pairs: list[Pair]) -> None:
    ended, reset, shut = pairs[0], pairs[9], pairs[20]
    ended[1].close()
    reset[1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reset[1].close()
    shut[0].shutdown(socket.SHUT_WR)
    taken = list(burst.write(descriptors(pairs), b"frame"))
    assert taken[0] == taken[20] == -errno.EPIPE
    assert taken[9] == -errno.ECONNRESET
    assert [size for n, size in enumerate(taken) if n not in (0, 9, 20)] == [5] * 37


@pytest.mark.parametrize("places", [(0,), (39,), (0, 1, 2, 20, 38, 39), tuple(range(40))])
def test_closed_descriptors_among_open_ones_are_named(
    burst: Burst, pairs: list[Pair], places: tuple[int, ...]
) -> None:
    numbers = descriptors(pairs)
    for place in places:
        numbers[place] = -1
    taken = list(burst.write(numbers, b"frame"))
    assert taken == [-errno.EBADF if n in places else 5 for n in range(40)]
    for n, (_, theirs) in enumerate(pairs):
        assert read_all(theirs) == (b"" if n in places else b"frame")


def test_nothing_is_written_twice_or_lost_whatever_the_sizes(burst: Burst, pairs: list[Pair]) -> None:
    dice = random.Random(1)
    due = [b""] * len(pairs)
    for _ in range(200):
        data = dice.randbytes(dice.choice((1, 100, 4000, 70_000)))
        chosen = dice.sample(range(len(pairs)), dice.randint(1, len(pairs)))
        taken = burst.write([pairs[n][0].fileno() for n in chosen], data)
        for n, size in zip(chosen, taken, strict=True):
            due[n] += data[: max(0, size)]
        for n in dice.sample(range(len(pairs)), 20):
            got = read_all(pairs[n][1])
            assert due[n].startswith(got)
            due[n] = due[n][len(got) :]
    assert [read_all(theirs) for _, theirs in pairs] == due


def test_what_the_kernel_holds_is_given_back(pairs: list[Pair]) -> None:
    before = contexts()
    burst = AtOnce()
    assert contexts() == before + 1
    burst.close()
    assert contexts() == before
    burst.close()


@pytest.mark.parametrize("refused", [0, 2, 3], ids=["io_setup", "io_getevents", "io_submit"])
def test_where_the_system_refuses_a_call_the_plain_loop_is_taken(
    monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    known = module.SYSCALLS[platform.machine()]
    unknown = tuple(NO_SUCH_CALL if n == refused else call for n, call in enumerate(known))
    monkeypatch.setitem(module.SYSCALLS, platform.machine(), unknown)
    before = contexts()
    assert isinstance(best_burst(), OneByOne)
    assert contexts() == before


def test_on_a_machine_whose_calls_are_not_known_the_plain_loop_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(module.SYSCALLS, platform.machine())
    assert isinstance(best_burst(), OneByOne)

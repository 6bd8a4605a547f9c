"""Two threads share a long list of writes: both work, and neither loses what the other did."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.live import hands
from app.live.burst import AtOnce, OneByOne
from app.live.hands import STRETCH, TwoHands, best_burst
from tests.live.pages import eventually

MANY = range(6 * STRETCH + 7)


class Hand(OneByOne):
    """Takes what is written to it, and notes each stretch."""

    def __init__(self) -> None:
        self.stretches: list[Sequence[int]] = []
        self.closed = False

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        self.stretches.append(descriptors)
        return [descriptor + len(data) for descriptor in descriptors]

    def close(self) -> None:
        self.closed = True


class Meeting(Hand):
    """Goes on with its first stretch only once the other hand has one, too."""

    both = threading.Barrier(2)

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        if not self.stretches:
            self.both.wait(5)
        return super().write(descriptors, data)


class Broken(Hand):
    """Fails once."""

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        if not self.stretches:
            self.stretches.append(descriptors)
            raise OSError(errno.EIO, "out of order")
        return super().write(descriptors, data)


class Late(Hand):
    """Takes a stretch only after the other hand has failed."""

    def __init__(self, failed: Broken) -> None:
        super().__init__()
        self._failed = failed

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        while not self._failed.stretches:
            pass
        return super().write(descriptors, data)


def in_order(*workers: Hand) -> list[int]:
    return sorted(number for worker in workers for stretch in worker.stretches for number in stretch)


def test_both_write_at_the_same_time_and_each_socket_once() -> None:
    mine, other = Meeting(), Meeting()
    both = TwoHands(mine, other)
    assert both.write(MANY, b"abc") == [number + 3 for number in MANY]
    assert mine.stretches
    assert other.stretches
    assert in_order(mine, other) == list(MANY)
    both.close()


def test_a_short_list_wakes_nobody() -> None:
    mine, other = Hand(), Hand()
    both = TwoHands(mine, other)
    both.write(MANY[:STRETCH], b"abc")
    both.close()
    assert mine.stretches == [MANY[:STRETCH]]
    assert other.stretches == []


@pytest.mark.parametrize("whose", ["mine", "the other's"])
def test_a_failure_of_either_is_raised_and_the_next_list_is_written_by_both(whose: str) -> None:
    broken = Broken()
    sound = Late(broken)
    both = TwoHands(broken, sound) if whose == "mine" else TwoHands(sound, broken)
    with pytest.raises(OSError, match="out of order"):
        both.write(MANY, b"abc")
    assert both.write(MANY, b"abc") == [number + 3 for number in MANY]
    both.close()


def test_both_are_closed() -> None:
    mine, other = Hand(), Hand()
    TwoHands(mine, other).close()
    assert mine.closed
    assert other.closed


@pytest.mark.parametrize(("processors", "kind"), [({0}, AtOnce), ({0, 1}, TwoHands), ({2, 3, 5}, TwoHands)])
def test_a_second_hand_needs_a_second_processor(
    monkeypatch: pytest.MonkeyPatch, processors: set[int], kind: type
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: processors)
    burst = best_burst()
    assert type(burst) is kind
    burst.close()


def test_where_the_kernel_has_one_list_left_to_give_one_hand_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AtOnce] = []

    def give() -> AtOnce:
        if made:
            raise OSError(errno.EAGAIN, "fs.aio-max-nr")
        made.append(AtOnce())
        return made[0]

    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(hands, "AtOnce", give)
    assert best_burst() is made[0]
    made[0].close()


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def test_the_second_hand_ends_with_its_hub() -> None:
    before = threads()
    both = TwoHands(AtOnce(), AtOnce())
    assert threads() == before + 1
    both.close()
    assert eventually(lambda: threads() == before)

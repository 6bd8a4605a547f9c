"""Two threads that share a long list of writes, where there is a second processor.

A write to a socket is work of the kernel, which needs no interpreter: two threads get through a list of
thousands in little more than half the time. The second one sleeps until there is a long list.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from app.concurrency import SimpleQueue, Waiter, start_thread
from app.live.burst import AtOnce, Burst, OneByOne

STRETCH = 128  # writes that one hand takes at a time, 0.7 ms: so long one may wait for the other at the end


class TwoHands:
    """The caller's thread and a second one; each has a way to write of its own. `close` closes both."""

    def __init__(self, mine: Burst, other: Burst) -> None:
        self._mine = mine
        self._other = other
        self.batch = 2 * self._mine.batch
        self._lists: SimpleQueue[_List | None] = SimpleQueue()
        self._helper = start_thread(self._help, "pult-hub-hand")

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        """As Burst has it. No descriptor may be in the list twice."""
        if len(descriptors) <= STRETCH:
            return self._mine.write(descriptors, data)
        shared = _List(descriptors, data)
        self._lists.put(shared)
        try:
            shared.work(self._mine)
        finally:
            shared.helped.result()  # the helper may not be at it any more when its result is read
        return shared.taken

    def close(self) -> None:
        """End the second thread and give back what the kernel holds for both."""
        self._lists.put(None)
        self._helper.join()
        self._mine.close()
        self._other.close()

    def _help(self) -> None:
        while (shared := self._lists.get()) is not None:
            try:
                shared.work(self._other)
            except BaseException as error:  # noqa: BLE001 - raised again where the list was written
                shared.helped.fail(error)
            else:
                shared.helped.set(None)


class _List:
    """Writes, of which each hand takes a stretch until none is left: who is kept waiting takes fewer."""

    def __init__(self, descriptors: Sequence[int], data: bytes) -> None:
        self.taken = [0] * len(descriptors)
        self.helped: Waiter[None] = Waiter()
        self._descriptors = descriptors
        self._data = data
        # `next` of it is one step of the interpreter: no stretch is taken twice.
        self._starts = iter(range(0, len(descriptors), STRETCH))

    def work(self, burst: Burst) -> None:
        for start in self._starts:
            stretch = slice(start, start + STRETCH)
            self.taken[stretch] = burst.write(self._descriptors[stretch], self._data)


def best_burst() -> Burst:
    """The fastest way that works here."""
    try:
        mine = AtOnce()
    except OSError:
        return OneByOne()
    try:  # Linux it is, or there were none
        return mine if len(os.sched_getaffinity(0)) == 1 else TwoHands(mine, AtOnce())
    except OSError:  # the kernel had one more to give, not two
        return mine

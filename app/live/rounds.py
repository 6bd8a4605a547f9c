"""Frames for many tabs at once: gathered, and written a piece at a time between everything else.

A round to thousands of tabs takes tens of milliseconds of the kernel's time, whatever its size. So what
comes while there is much to write leaves together in the next round, and a screen pop never waits for more
than one piece of a round. Order is kept within a topic; a small audience may overtake a large one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from app.live.watchers import Batch, Share
from app.live.wire import Wire

LARGE = 64  # tabs: a round to fewer is over within half a millisecond
ROUND_BYTES = 64 * 1024  # as much as a socket takes at once
CREDIT_S = 0.3  # after some rest this much waiting is forgiven: rounds follow each other at once
COUNTED_S = 0.05  # of one round at most: a machine that stood still is no reason to wait


class Rounds:
    """At most half of the hub's time goes into rounds, as soon as they come close together."""

    def __init__(self, wire: Wire, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._clock = clock
        self._waiting: dict[str, None] = {}  # topics with frames that wait, the first to come first
        self._topic = ""  # that of the round under way
        self._pieces: deque[Share] = deque()
        self._begun_at = 0.0
        self._paid_at = 0.0  # when the time of all rounds so far is made up for

    def takes(self, batch: Batch) -> bool:
        """Keep a batch if it is for many, or if others of its topic have not all left yet."""
        topic = self._wire.watchers.topics.get(batch.topic)
        if topic is None:
            return False
        if len(topic.tabs) <= LARGE and not topic.held and not (self._pieces and self._topic == batch.topic):
            return False
        topic.hold(batch)
        self._waiting[batch.topic] = None
        return True

    def wait_s(self) -> float | None:
        """How long there is nothing to write, in seconds; None: until more comes."""
        if self._pieces:
            return 0.0
        return max(0.0, self._paid_at - CREDIT_S - self._clock()) if self._waiting else None

    def go_on(self) -> None:
        """Write a piece, if it is time."""
        if not self._pieces and self._waiting and self.wait_s() == 0.0:
            self._begin()
        if self._pieces:
            data, _frames, tabs = self._pieces.popleft()
            there = self._wire.watchers.tabs
            # As one that waits where it does not fit: a tab is not slow because we had much to say at once.
            self._wire.write(data, 1, [tab for tab in tabs if tab.id in there])
            if not self._pieces:
                took = min(COUNTED_S, self._clock() - self._begun_at)
                self._paid_at = max(self._paid_at, self._begun_at) + 2 * took

    def _begin(self) -> None:
        self._topic = next(iter(self._waiting))
        self._begun_at = self._clock()
        del self._waiting[self._topic]
        topic = self._wire.watchers.topics.get(self._topic)
        shares = topic.release(ROUND_BYTES) if topic else []
        if topic is not None and topic.held:
            self._waiting[self._topic] = None  # behind the others
        for data, frames, tabs in shares:
            pieces = range(0, len(tabs), self._wire.batch)
            self._pieces += [Share(data, frames, tabs[at : at + pieces.step]) for at in pieces]

"""Who watches what: a count that any thread may ask, and the index of the hub's thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.concurrency import native_lock
from app.live.tab import Tab


class Batch(NamedTuple):
    """Encoded frames for the watchers of a topic."""

    topic: str
    data: bytes
    frames: int


class Share(NamedTuple):
    """What the same tabs get in one write each."""

    data: bytes
    frames: int
    tabs: list[Tab]


class Census:
    """Open tabs and watched topics, counted when asked for, not when the hub's thread gets to it.

    So a change committed after a subscription is never held to concern nobody.
    """

    def __init__(self) -> None:
        self._lock = native_lock()
        self._watched: Counter[str] = Counter()
        self.tabs = 0

    def enter(self) -> None:
        with self._lock:
            self.tabs += 1

    def leave(self, topics: Iterable[str]) -> None:
        with self._lock:
            self.tabs -= 1
        self.unwatch(topics)

    def watch(self, topics: Iterable[str]) -> None:
        with self._lock:
            self._watched.update(topics)

    def unwatch(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                self._watched[topic] -= 1
                if not self._watched[topic]:
                    del self._watched[topic]

    def watched(self, topic: str) -> bool:
        return topic in self._watched

    def topics(self) -> set[str]:
        with self._lock:
            return set(self._watched)


class Topic:
    """The tabs that watch a topic, and the frames that wait for the next round to all of them."""

    __slots__ = ("held", "newest", "tabs", "turn")

    def __init__(self) -> None:
        self.tabs: dict[Tab, int] = {}  # and from which held batch on each of them gets them
        self.held: tuple[Batch, ...] = ()  # most topics are one person's and never have any
        self.turn = 0  # batches that have ever been held: the number of the next one
        self.newest = 0  # that of the tab which came last

    def add(self, tab: Tab) -> None:
        self.tabs[tab] = self.newest = self.turn

    def hold(self, batch: Batch) -> None:
        """Keep a batch for the next round. A tab that comes later has it in its snapshot already."""
        self.held += (batch,)
        self.turn += 1

    def release(self, bytes_at_most: int) -> list[Share]:
        """What is to be written in this round: the oldest batches, for each tab those that are its own."""
        number, size = 0, 0
        while number < len(self.held) and size < bytes_at_most:
            size += len(self.held[number].data)
            number += 1
        first = self.turn - len(self.held)
        batches, self.held = self.held[:number], self.held[number:]
        if not batches:
            return []
        if self.newest <= first:
            return [_share(batches, list(self.tabs))]
        audiences: dict[int, list[Tab]] = {}
        for tab, turn in self.tabs.items():
            audiences.setdefault(max(0, turn - first), []).append(tab)
        return [_share(batches[skip:], tabs) for skip, tabs in audiences.items() if skip < number]


class Watchers:
    """The open tabs by id, by user and by topic."""

    def __init__(self) -> None:
        self.tabs: dict[int, Tab] = {}
        self.users: dict[int, list[Tab]] = {}
        self.topics: dict[str, Topic] = {}

    def add(self, tab: Tab) -> None:
        self.tabs[tab.id] = tab
        self.users.setdefault(tab.user, []).append(tab)

    def remove(self, tab: Tab) -> bool:
        """Take a tab out; False if it was out."""
        if self.tabs.pop(tab.id, None) is None:
            return False
        mine = self.users[tab.user]
        mine.remove(tab)
        if not mine:
            del self.users[tab.user]
        for name in tab.subscribed:
            topic = self.topics[name]
            del topic.tabs[tab]
            if not topic.tabs:
                del self.topics[name]
        return True

    def subscribe(self, tab: Tab, names: frozenset[str]) -> None:
        """Let a tab watch topics that it does not watch yet."""
        for name in names:
            topic = self.topics.get(name)
            if topic is None:
                topic = self.topics[name] = Topic()
            topic.add(tab)
        tab.subscribed = tab.subscribed | names if tab.subscribed else names

    def shares(self, batches: list[Batch]) -> list[Share]:
        """Divide batches so that each tab gets all of its own in order and in one write.

        The smallest audiences come first.
        """
        bits = {name: 1 << n for n, name in enumerate(dict.fromkeys(batch.topic for batch in batches))}
        if len(bits) == 1:
            return [_share(batches, self._watching(batches[0].topic))]
        masks: dict[Tab, int] = {}
        for name, bit in bits.items():
            for tab in self._watching(name):
                masks[tab] = masks.get(tab, 0) | bit
        audiences: dict[int, list[Tab]] = {}
        for tab, mask in masks.items():
            audiences.setdefault(mask, []).append(tab)
        smallest_first = sorted(audiences.items(), key=lambda audience: len(audience[1]))
        return [_share([b for b in batches if mask & bits[b.topic]], tabs) for mask, tabs in smallest_first]

    def _watching(self, name: str) -> list[Tab]:
        topic = self.topics.get(name)
        return list(topic.tabs) if topic else []


def _share(batches: Sequence[Batch], tabs: list[Tab]) -> Share:
    return Share(b"".join(batch.data for batch in batches), sum(batch.frames for batch in batches), tabs)

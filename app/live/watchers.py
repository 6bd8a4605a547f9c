"""Who watches what: a count that any thread may ask, and the index of the hub's thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    tabs: Iterable[Tab]


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


class Watchers:
    """The open tabs by id, by user and by topic."""

    def __init__(self) -> None:
        self.tabs: dict[int, Tab] = {}
        self.users: dict[int, list[Tab]] = {}
        self._topics: dict[str, dict[int, Tab]] = {}

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
        for topic in tab.subscribed:
            watchers = self._topics[topic]
            del watchers[tab.id]
            if not watchers:
                del self._topics[topic]
        return True

    def subscribe(self, tab: Tab, topic: str) -> bool:
        """Let a tab watch a topic; False if it does already."""
        watchers = self._topics.setdefault(topic, {})
        if tab.id in watchers:
            return False
        watchers[tab.id] = tab
        tab.subscribed += (topic,)
        return True

    def shares(self, batches: list[Batch]) -> list[Share]:
        """Divide batches so that each tab gets all of its own in order and in one write.

        The smallest audiences come first: a screen pop does not wait for a wallboard's thousands.
        """
        bits = {topic: 1 << n for n, topic in enumerate(dict.fromkeys(batch.topic for batch in batches))}
        if len(bits) == 1:
            return [_share(batches, self._topics.get(batches[0].topic, {}).values())]
        masks: dict[Tab, int] = {}
        for topic, bit in bits.items():
            for tab in self._topics.get(topic, {}).values():
                masks[tab] = masks.get(tab, 0) | bit
        audiences: dict[int, list[Tab]] = {}
        for tab, mask in masks.items():
            audiences.setdefault(mask, []).append(tab)
        smallest_first = sorted(audiences.items(), key=lambda audience: len(audience[1]))
        return [_share([b for b in batches if mask & bits[b.topic]], tabs) for mask, tabs in smallest_first]


def _share(batches: list[Batch], tabs: Iterable[Tab]) -> Share:
    return Share(b"".join(batch.data for batch in batches), sum(batch.frames for batch in batches), tabs)

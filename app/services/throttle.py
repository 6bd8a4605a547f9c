"""How many tries a caller may make in a while. In memory: a restart forgives."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from math import ceil

from app.concurrency import native_lock


class Throttle:
    """At most `tries` within `window_s` seconds for each key; remembers at most `keys` of them."""

    def __init__(
        self,
        tries: int,
        window_s: float,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tries = tries
        self._window_s = window_s
        self._keys = keys
        self._clock = clock
        self._made: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._lock = native_lock()

    def take(self, key: Hashable) -> int:
        """Count one try before it is made; 0 lets it go on, else the seconds to wait."""
        now = self._clock()
        with self._lock:
            made = self._made.setdefault(key, deque())
            self._made.move_to_end(key)
            while made and made[0] <= now - self._window_s:
                made.popleft()
            if len(made) >= self._tries:
                return ceil(made[0] + self._window_s - now)
            made.append(now)
            if len(self._made) > self._keys:
                self._made.popitem(last=False)
            return 0

    def forgive(self, key: Hashable) -> None:
        """Forget the tries of a caller who has succeeded."""
        with self._lock:
            self._made.pop(key, None)

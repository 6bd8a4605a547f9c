"""The hub: holds every tab's socket of this process and writes frames to those who watch.

The door hands over a socket after the handshake and returns: no thread and no greenlet per tab. One OS
thread (`loop.py`) does all reading and writing; everything here may be called from any thread or
greenlet, returns at once, and takes effect in the order of the calls.
"""

from __future__ import annotations

import itertools
import socket
import time
from _socket import socket as Socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from app.concurrency import Thread, native_lock, start_thread
from app.live.loop import Loop
from app.live.tab import Tab
from app.live.watchers import Batch, Census
from app.live.wire import SESSION_ENDED, Timings

SERVICE_RESTART, INTERNAL_ERROR = 1012, 1011
SEND_BUFFER = 64 * 1024  # or the kernel would hide megabytes of a stall


class Hub:
    """All tabs of this process. Its thread starts with the first tab."""

    def __init__(
        self,
        *,
        tabs_per_user: int = 10,
        tabs_max: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        timings: Timings = Timings(),  # noqa: B008 - frozen
    ) -> None:
        self._tabs_max = tabs_max
        self._make_loop = partial(Loop, tabs_per_user=tabs_per_user, clock=clock, timings=timings)
        self._census = Census()
        self._ids = itertools.count(1)
        self._lock = native_lock()
        self._loop: Loop | None = None
        self._thread: Thread | None = None
        self._stopped = False

    def start(self) -> None:
        """Start the thread, unless it runs or has been stopped."""
        with self._lock:
            if self._loop is None and not self._stopped:
                self._loop = self._make_loop(self._census)
                self._thread = start_thread(self._loop.run, "pult-hub")

    def stop(self, code: int = SERVICE_RESTART) -> None:
        """Close every tab with `code` and end the thread, all within a fraction of a second; for good."""
        with self._lock:
            self._stopped = True
            loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.post(partial(loop.stop, code))
            thread.join(2)

    def full(self) -> bool:
        """True when no further tab is to be let in: there are too many, or the hub has ended."""
        ended = self._stopped or (self._loop is not None and self._loop.ended)
        return ended or self._census.tabs >= self._tabs_max

    def adopt(
        self,
        sock: Socket,
        *,
        user: int,
        session: int,
        topics: frozenset[str],
        on_ready: Callable[[Tab], None],
    ) -> None:
        """Take over a connection after its handshake; the caller must not touch `sock` any more.

        `on_ready` is called at once, in the caller's thread, with the new tab. It has the publisher send the
        snapshot and then subscribe the tab: until then no frame of any topic goes to it. If it fails the
        tab is closed with 1011, to come back, and the failure is raised. Over the limit of tabs per user
        that user's oldest tab is closed with 4409.
        """
        _prepare(sock)
        self.start()
        with self._lock:
            loop = self._loop
            if loop is None or self._stopped:
                sock.close()
                return
            tab = Tab(sock, id=next(self._ids), user=user, session=session, topics=topics)
            self._census.enter()
            loop.post(partial(loop.wire.adopt, tab))
        try:
            on_ready(tab)
        except BaseException:
            self.close_tab(tab.id)
            raise

    def send(self, topic: str, frames: Sequence[bytes]) -> None:
        """Write encoded frames to every tab subscribed to `topic`; what queues up leaves in one write.

        Frames of a topic keep their order. Those for a few tabs may overtake those for many.
        """
        if frames and self._loop is not None and self._census.watched(topic):
            self._loop.post(Batch(topic, b"".join(frames), len(frames)))

    def send_to(self, tab_id: int, frames: Sequence[bytes]) -> None:
        """Write encoded frames to one tab, if it is still there; together they count as one that waits."""
        if frames and self._loop is not None:
            self._loop.post(partial(self._loop.send_to, tab_id, b"".join(frames)))

    def subscribe(self, tab_id: int, topics: Iterable[str]) -> None:
        """Let a tab get all frames of `topics` that are sent after this call."""
        wanted = frozenset(topics)
        if self._loop is not None:
            self._census.watch(wanted)
            self._loop.post(partial(self._loop.wire.subscribe, tab_id, wanted))

    def close_tab(self, tab_id: int, code: int = INTERNAL_ERROR) -> None:
        """Close one tab, if it is still there."""
        self._close(lambda tab: tab.id == tab_id, code)

    def close_session(self, session: int, code: int = SESSION_ENDED) -> None:
        """Close the tabs of a session that has ended, and those that come from it within a minute."""
        if self._loop is not None:
            self._loop.post(partial(self._loop.end_session, session, code))

    def close_user(self, user: int, code: int = SESSION_ENDED) -> None:
        """Close all tabs of a user."""
        self._close(lambda tab: tab.user == user, code)

    def close_all(self, code: int = SERVICE_RESTART) -> None:
        """Close every tab; by default each comes back at once, and begins with the truth."""
        self._close(lambda _tab: True, code)

    def watched(self, topic: str) -> bool:
        """Whether anybody watches this topic now."""
        return self._census.watched(topic)

    def topics(self) -> set[str]:
        """The topics that somebody watches, counting every `subscribe` that has returned."""
        return self._census.topics()

    def stats(self) -> dict[str, int]:
        """Open tabs, users with tabs, bytes that wait for slow tabs, and slow tabs dropped so far."""
        wire = self._loop and self._loop.wire
        return {
            "tabs": self._census.tabs,
            "users": len(wire.watchers.users) if wire else 0,
            "waiting_bytes": sum(tab.waiting_bytes for tab in tuple(wire.late.values())) if wire else 0,
            "dropped_slow": wire.dropped_slow if wire else 0,
        }

    def _close(self, matches: Callable[[Tab], bool], code: int) -> None:
        if self._loop is not None:
            self._loop.post(partial(self._loop.close_where, matches, code))


def _prepare(sock: Socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

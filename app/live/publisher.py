"""The publisher: committed changes, in the order of commits, become frames for those who watch.

One thread per process takes everything that is queued, reads the database once, renders each fragment once
per audience and hands the frames to the hub. It also greets each tab that opens: the tab gets the truth as it
is and follows from there, so it is no matter which changes went before, and ringing phones go first.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty
from sys import intern

from flask import Flask
from sqlalchemy import Connection

from app.concurrency import SimpleQueue, Thread, native_lock, start_thread
from app.config import Settings
from app.live import board, feed, pops
from app.live.board import Board
from app.live.desk import DeskRegions
from app.live.feed import FeedBanner
from app.live.hub import Hub
from app.live.pops import Pops
from app.live.rendering import Audience, Renderer
from app.services import live_calls
from app.services.changes import Change
from app.services.database import own_engine
from app.services.live_calls import LiveCall
from app.services.pulse import Pulse

log = logging.getLogger(__name__)

AT_ONCE = 200
GREETING_S = 0.004  # so long may a thousand tabs that come back together hold up a ringing phone
CALLS_NAMED = 200


@dataclass(frozen=True, slots=True)
class Joining:
    """A tab that has just opened, and whose it is."""

    tab_id: int
    user_id: int
    audience: Audience
    topics: frozenset[str]


Handler = Callable[[Connection, int], None]


class Publisher:
    """Renders each change once per audience and hands the frames to the hub."""

    def __init__(self, app: Flask, hub: Hub, settings: Settings, pulse: Pulse) -> None:
        self._hub = hub
        self._queue: SimpleQueue[Sequence[Change] | Joining | None] = SimpleQueue()
        self._joining: deque[Joining] = deque()
        self._thread: Thread | None = None
        self._lock = native_lock()
        self._engine = own_engine(settings.database_url)
        self._conn: Connection | None = None
        self.renderer = Renderer(app)
        self.pops = Pops(hub, self.renderer)
        self.board = Board(hub, self.renderer, settings.zone, settings.coalesce_ms)
        self.desk = DeskRegions(hub, self.renderer, self.pops)
        self.feed = FeedBanner(hub, self.renderer, pulse)
        self._handlers: dict[str, Handler] = {
            "session": self._end_session,
            "dial": self.desk.show_dial,
            "contact": self._show_contact,
            "feed": self.feed.show,
        }

    def notify(self, changes: Sequence[Change]) -> None:
        """Take committed changes over, without waiting. Nothing is kept while nobody watches."""
        if self._thread is not None:
            self._queue.put(changes)

    def join(self, tab_id: int, user_id: int, audience: Audience, topics: frozenset[str]) -> None:
        """Send a new tab the truth as it is, then let it follow its topics."""
        self._start()
        self._queue.put(Joining(tab_id, user_id, audience, topics))

    def stop(self) -> None:
        """End the thread after what is queued."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(5)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = start_thread(self._run, "pult-publisher")

    def _run(self) -> None:
        running = True
        while running:
            changed: dict[Change, None] = {}
            try:
                item = self._queue.get(timeout=self._wait_s())
                running = self._take(item, changed)
                for _ in range(AT_ONCE - 1):  # what is out of the queue is handled: none is lost
                    if not running:
                        break
                    running = self._take(self._queue.get_nowait(), changed)
            except Empty:
                pass
            self._publish(changed)
        self._disconnect()

    def _take(self, item: Sequence[Change] | Joining | None, changed: dict[Change, None]) -> bool:
        """Note what came out of the queue; False for the word to stop."""
        if isinstance(item, Joining):
            self._joining.append(item)
        elif item is not None:
            changed.update(dict.fromkeys(item))
        return item is not None

    def _publish(self, changed: Iterable[Change]) -> None:
        """One look at the database for all that is queued. When it fails, every tab is sent back to heal."""
        try:
            conn = self._connection()
            self._publish_from(conn, changed)
        except Exception:
            log.exception("publishing failed: every tab is told to come back")
            self._disconnect()
            self._hub.close_all()

    def _connection(self) -> Connection:
        if self._conn is None:
            # Each statement by itself: a transaction that stays open would show PostgreSQL's past.
            self._conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._conn

    def _disconnect(self) -> None:
        if self._conn is not None:
            conn, self._conn = self._conn, None
            conn.invalidate()
            conn.close()

    def _publish_from(self, conn: Connection, changed: Iterable[Change]) -> None:
        self.pops.keep_watched()
        self._show_changes(conn, changed)
        self._greet(conn)
        if self.board.wait_s() == 0.0:
            self.board.flush(conn)
        if self.desk.wait_s() == 0.0:
            self.desk.show_ended(conn)

    def _wait_s(self) -> float | None:
        """How long nothing is due by itself; None: until something comes."""
        waits = [wait for wait in (self.board.wait_s(), self.desk.wait_s()) if wait is not None]
        return 0.0 if self._joining else min(waits, default=None)

    def _greet(self, conn: Connection) -> None:
        """Let new tabs follow, as many as a moment allows."""
        until = time.monotonic() + GREETING_S
        while self._joining and time.monotonic() < until:
            self._welcome(conn, self._joining.popleft())

    def _welcome(self, conn: Connection, tab: Joining) -> None:
        calls = live_calls.of_user(conn, tab.user_id)
        frames = [self.pops.welcome(conn, tab.user_id, tab.audience, calls)]
        if board.topic(tab.audience.lang) in tab.topics:
            frames += self.board.welcome(conn, tab.audience.lang)
        frames += self.feed.welcome(tab.topics)
        self._hub.send_to(tab.tab_id, frames)
        self._hub.subscribe(tab.tab_id, tab.topics)

    def _show_changes(self, conn: Connection, changed: Iterable[Change]) -> None:
        ids = [change.id for change in changed if change.kind == "call"]
        calls = {call.id: call for call in live_calls.by_ids(conn, ids)} if ids else {}
        for change in changed:
            if change.kind == "call":
                self._show_call(conn, calls.get(change.id), change.id)
            elif (handler := self._handlers.get(change.kind)) is not None:
                handler(conn, change.id)

    def _show_call(self, conn: Connection, call: LiveCall | None, call_id: int) -> None:
        self.pops.show(conn, call, call_id)
        self.board.note(call_id, call)
        if call is not None:
            self.desk.note_ended(call)

    def _show_contact(self, conn: Connection, _contact_id: int) -> None:
        """A name was given or changed: the calls of this moment may read differently."""
        for call in live_calls.now(conn, CALLS_NAMED):
            self._show_call(conn, call, call.id)

    def _end_session(self, _conn: Connection, session_id: int) -> None:
        self._hub.close_session(session_id)


@lru_cache(4096)  # all tabs of a person share one set
def topics_of(user_id: int, audience: Audience, *, supervisor: bool, admin: bool) -> frozenset[str]:
    """What a person's tabs watch; it follows from who they are, never from the address."""
    own = {pops.topic(user_id), feed.topic(audience, admin=admin)}
    return frozenset(map(intern, own | {board.topic(audience.lang)} if supervisor else own))

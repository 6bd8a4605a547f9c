"""Between processes on PostgreSQL: what one has committed, the others publish to their own tabs.

The notification is part of the transaction, so it leaves with its COMMIT, in the order of commits. It
carries ids only: tables are the truth, a notification wakes. After a lost connection nobody knows what was
missed, so every tab is sent back to begin anew.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, make_url, text

from app.concurrency import Thread, start_thread
from app.config import Settings
from app.services.changes import Change, Kind

log = logging.getLogger(__name__)

CHANNEL = "pult"
LARGEST = 7900  # PostgreSQL refuses payloads of 8,000 bytes and more
AGAIN_S = 1.0
LOOK_S = 1.0


class Bus:
    """Announces this process's commits to the others, and hears theirs."""

    def __init__(
        self, settings: Settings, hear: Callable[[Sequence[Change]], None], lost: Callable[[], None]
    ) -> None:
        self._url = settings.database_url
        self._origin = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._hear = hear
        self._lost = lost
        self._thread: Thread | None = None
        self._stopping = threading.Event()

    def announce(self, conn: Connection, changes: Sequence[Change]) -> None:
        """Let the commit of this transaction tell the other processes what has changed."""
        for payload in encode(self._origin, changes):
            conn.execute(
                text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload}
            )

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._thread = start_thread(self._run, "pult-bus")

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2 * LOOK_S)

    def _run(self) -> None:
        heard_before = False
        while not self._stopping.is_set():
            try:
                with psycopg.connect(_plain(self._url), autocommit=True, connect_timeout=3) as conn:
                    conn.execute(f"LISTEN {CHANNEL}")
                    if heard_before:
                        self._lost()
                    heard_before = True
                    self._listen(conn)
            except psycopg.Error as error:
                log.warning("not hearing the other processes: %s", str(error).splitlines()[0])
                time.sleep(AGAIN_S)

    def _listen(self, conn: psycopg.Connection[Any]) -> None:
        while not self._stopping.is_set():
            for note in conn.notifies(timeout=LOOK_S):
                origin, changes = decode(note.payload)
                if origin != self._origin:
                    self._hear(changes)


def encode(origin: str, changes: Sequence[Change]) -> Iterator[str]:
    """Payloads small enough for NOTIFY: the sender, then `kind:id` for each change."""
    payload = origin
    for word in dict.fromkeys(f"{change.kind}:{change.id}" for change in changes):
        if len(payload) + len(word) + 1 > LARGEST:
            yield payload
            payload = origin
        payload += f" {word}"
    if payload != origin:
        yield payload


def decode(payload: str) -> tuple[str, list[Change]]:
    """The sender and what it has changed."""
    origin, *words = payload.split(" ")
    pairs = (word.split(":") for word in words)
    return origin, [Change(cast(Kind, kind), int(number)) for kind, number in pairs]


def _plain(url: str) -> str:
    """The address as psycopg itself wants it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

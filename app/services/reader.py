"""The one reader of a process for what cannot wait: a thread that owns a connection and asks it by itself.

A ringing call waits for the answer to `contact`. The loop must not wait for a database that hangs, and its
thread pool, with a connection for each question, costs ten times what the question takes.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.concurrency import SimpleQueue, Waiter, start_thread

log = logging.getLogger(__name__)

T = TypeVar("T")
Question = tuple[Callable[[Connection], Any], Waiter[Any], float]

STUCK_S = 1.0  # a thread that is busy with one question for so long is given up, and another one takes over


class Reader:
    """Answers questions one after another; its thread starts with the first of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[Question | None] = SimpleQueue()
        self._pid = 0
        self._busy_since = 0.0  # 0: it waits for a question
        self._starting = threading.Lock()

    def ask(self, question: Callable[[Connection], T], timeout_s: float) -> T:
        """Run `question` on the reader's connection and return its answer.

        Raises what it raised, DBAPIError when there is no connection, and TimeoutError after `timeout_s`.
        """
        self._start()
        waiter: Waiter[T] = Waiter()
        self._queue.put((question, waiter, time.monotonic() + timeout_s))
        return waiter.result(timeout_s)

    def stop(self) -> None:
        """End the thread and its connection."""
        if self._pid == os.getpid():
            self._queue.put(None)
            self._pid = 0

    def _start(self) -> None:
        if self._pid == os.getpid() and not self._is_stuck():
            return
        with self._starting:
            if self._pid != os.getpid() or self._is_stuck():
                self._pid, self._busy_since = os.getpid(), 0.0
                self._queue.put(None)  # for the one that is stuck, when it wakes
                self._queue = SimpleQueue()
                queue = self._queue
                start_thread(lambda: self._run(queue), "pult-reader")

    def _is_stuck(self) -> bool:
        since = self._busy_since
        return since > 0 and time.monotonic() - since > STUCK_S

    def _run(self, queue: SimpleQueue[Question | None]) -> None:
        conn: Connection | None = None
        while (item := queue.get()) is not None:
            question, waiter, until = item
            begun = time.monotonic()
            if begun > until:
                continue  # nobody waits any more
            if queue is self._queue:
                self._busy_since = begun
            try:
                if conn is None:
                    # Each statement by itself: a transaction that stays open would show the past.
                    conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                waiter.set(question(conn))
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                conn = _let_go(conn, error)
                waiter.fail(error)
            if queue is self._queue:
                self._busy_since = 0.0
        _let_go(conn, None)


def _let_go(conn: Connection | None, error: Exception | None) -> Connection | None:
    """Give a connection up at the end, and when its database has failed; else keep it."""
    if conn is None or (error is not None and not isinstance(error, DBAPIError)):
        return conn
    conn.invalidate()
    conn.close()
    return None

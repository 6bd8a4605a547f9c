"""Locks that greenlets and OS threads may share.

gevent replaces the locks of `threading` by its own, and these lose whoever waits when several OS threads want
one: measured, six threads with 2,000 turns each never end. The writer, the publisher, the jobs and the pool
of the loop are OS threads, and they share such locks with the loop wherever a library has one: in
SQLAlchemy's pool, in each handler of `logging`. So ours take gevent's place.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from app.concurrency import current_loop, native_lock, under_gevent

FIRST_PAUSE_S = 0.0001
LONGEST_PAUSE_S = 0.01


class Lock:
    """A lock of the system. A greenlet of the loop that finds it taken lets the others run meanwhile."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = native_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; False when that did not work at once (not `blocking`) or in `timeout` seconds."""
        if self._lock.acquire(blocking=False):
            return True
        if not blocking:
            return False
        if current_loop() is None:
            return self._lock.acquire(timeout=timeout)
        return self._poll(timeout)

    def _poll(self, timeout: float) -> bool:
        until = None if timeout < 0 else time.monotonic() + timeout
        pause_s = FIRST_PAUSE_S
        while not self._lock.acquire(blocking=False):
            if until is not None and time.monotonic() >= until:
                return False
            time.sleep(pause_s)  # gevent's: the loop goes on
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return True

    def release(self) -> None:
        """Give the lock back; any thread may do so."""
        self._lock.release()

    def locked(self) -> bool:
        """Whether somebody has it now."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
            return False
        return True

    def _at_fork_reinit(self) -> None:
        self._lock = native_lock()

    __enter__ = acquire

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def mend() -> None:
    """Put these locks in the place of gevent's. To be called before the application is imported."""
    if not under_gevent():
        return
    module: Any = threading
    module.Lock = module._allocate_lock = Lock
    module.RLock = module._PyRLock  # made of the lock above; its owner is a greenlet, as gevent says who runs
    log: Any = logging
    log._lock = module.RLock()
    for reference in log._handlerList:
        handler = reference()
        if handler is not None:
            handler.createLock()

"""Threads that are threads, under gevent too, and the two ways across the border.

The server runs request handlers as greenlets of one loop (gunicorn's gevent worker), or as plain
threads (`flask run`, gthread, tests). The hub, the writer and the publisher are OS threads in both.
Between an OS thread and the loop nothing patched may be shared: a patched queue dies with LoopExit when
it is idle. So only three things cross: SimpleQueue towards a thread, Waiter back, run_blocking both ways.
"""

from __future__ import annotations

import contextvars
import threading
from _queue import SimpleQueue  # the native one: gevent replaces the name in `queue`
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.native import NativeLock, current_loop, native_lock, native_selector, original, under_gevent
from app.signals import make_signal

__all__ = [
    "NativeLock",
    "SimpleQueue",
    "Thread",
    "Waiter",
    "current_loop",
    "native_lock",
    "native_selector",
    "run_blocking",
    "start_thread",
    "under_gevent",
]

T = TypeVar("T")


class Thread:
    """A started OS thread; `join` waits for its end."""

    def __init__(self, fn: Callable[[], object], name: str) -> None:
        self._running = native_lock()
        self._running.acquire()
        self._fn = fn
        if under_gevent():
            original("_thread", "start_new_thread")(self._run, ())
        else:
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            self._fn()
        finally:
            self._running.release()

    def join(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds, for ever if None; True when the thread has ended."""
        ended = self._running.acquire(timeout=-1 if timeout is None else timeout)
        if ended:
            self._running.release()
        return ended


def start_thread(fn: Callable[[], object], name: str) -> Thread:
    """Run `fn` in an OS thread of its own that does not keep the process alive."""
    return Thread(fn, name)


class Waiter(Generic[T]):
    """A result that one thread waits for, in a greenlet letting the others run, and another one brings."""

    def __init__(self) -> None:
        self._signal = make_signal()
        self._value: T | None = None
        self._error: BaseException | None = None

    def set(self, value: T) -> None:
        """Bring the result; to be called once, from any thread."""
        self._value = value
        self._signal.send()

    def fail(self, error: BaseException) -> None:
        """Bring a failure: `result` raises it."""
        self._error = error
        self._signal.send()

    def result(self, timeout: float | None = None) -> T:
        """Wait up to `timeout` seconds, for ever if None, and return the result.

        Raises what `fail` was given, or TimeoutError. Only the thread that made the waiter may call it.
        """
        if not self._signal.wait(timeout):
            raise TimeoutError(f"no result after {timeout} s")
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # set() has stored a T


def run_blocking(fn: Callable[..., T], *args: Any, timeout: float | None = None) -> T:
    """Run `fn(*args)` where it may block, seeing the caller's context variables, and return its result.

    Under gevent that is the loop's thread pool. In a plain thread it is that thread itself, or one made for
    the call when there is a `timeout` (seconds). Raises TimeoutError when it passes; `fn` then runs on
    unheeded, so it should use a database connection of its own.
    """
    context = contextvars.copy_context()
    if current_loop() is not None:
        return _in_pool(context, fn, args, timeout)
    if timeout is None:
        return fn(*args)
    waiter: Waiter[T] = Waiter()

    def work() -> None:
        try:
            waiter.set(context.run(fn, *args))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            waiter.fail(error)

    start_thread(work, "pult-blocking")
    return waiter.result(timeout)


def _in_pool(
    context: contextvars.Context, fn: Callable[..., T], args: tuple[Any, ...], timeout: float | None
) -> T:
    import gevent

    # The time-out covers the wait for a free thread of the pool as well.
    with gevent.Timeout(timeout, TimeoutError(f"no result after {timeout} s")):
        outcome: Any = gevent.get_hub().threadpool.spawn(context.run, _outcome, fn, args).get()
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]  # type: ignore[no-any-return]  # gevent has no types


def _outcome(fn: Callable[..., T], args: tuple[Any, ...]) -> tuple[T | None, BaseException | None]:
    """Result and error. gevent must see no error: it prints it first, and may lose the one who waits."""
    try:
        return fn(*args), None
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        return None, error

"""What one thread, or greenlet, waits for and another one gives: once."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, Protocol

from app.native import current_loop, native_lock


class Signal(Protocol):
    """Given once, from any thread; waited for by the one that made it."""

    def send(self) -> None: ...
    def wait(self, timeout: float | None) -> bool: ...


class _ThreadSignal:
    """A lock that is born taken: released by the sender, taken by the waiter."""

    def __init__(self) -> None:
        self._lock = native_lock()
        self._lock.acquire()

    def send(self) -> None:
        self._lock.release()

    def wait(self, timeout: float | None) -> bool:
        return self._lock.acquire(timeout=-1 if timeout is None else timeout)


class _Bell:
    """Wakes greenlets of the loop from other threads: one watcher for all, as a send visits every watcher."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self._rung: deque[Any] = deque()
        self._watcher = loop.async_()
        self._watcher.start(self._answer)

    def ring(self, sleeper: Any) -> None:
        self._rung.append(sleeper)
        self._watcher.send()

    def _answer(self) -> None:
        while self._rung:
            self._rung.popleft().switch(True)


class _LoopSignal:
    """A greenlet that sleeps in the loop, woken from another thread through the loop's bell."""

    bell: ClassVar[_Bell | None] = None

    def __init__(self, loop: Any) -> None:
        from gevent.hub import Waiter as Sleeper

        if _LoopSignal.bell is None or _LoopSignal.bell.loop is not loop:
            _LoopSignal.bell = _Bell(loop)
        self._bell = _LoopSignal.bell
        self._sleeper: Any = Sleeper()

    def send(self) -> None:
        self._bell.ring(self._sleeper)

    def wait(self, timeout: float | None) -> bool:
        from gevent import Timeout

        late = Timeout.start_new(timeout)
        try:
            return bool(self._sleeper.get())
        except Timeout as passed:
            if passed is not late:
                raise  # somebody else's, around us
            return False
        finally:
            late.close()


def make_signal() -> Signal:
    """A signal for the caller: a sleeping greenlet in the loop, a lock in any other thread."""
    loop = current_loop()
    return _ThreadSignal() if loop is None else _LoopSignal(loop)

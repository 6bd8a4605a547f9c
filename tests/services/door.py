"""A door that pushes come to, with a spool of its own, and a writer that can be held up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.services.acceptance import Intake
from app.services.outage import Unavailable
from app.services.spool import Spool
from app.services.writer import Writer
from tests.services.pushes import event

WITHIN_S = 10


class Crash(Exception):
    """The process has gone no further than this."""


class Door:
    """Where pushes arrive: each in a thread of its own, as each request is."""

    def __init__(self, writer: Writer, folder: Path, like: Intake) -> None:
        self.writer = writer
        self.folder = folder
        self.spool = Spool(folder)
        self.intake = Intake(writer, self.spool, like._limits)
        self._threads: list[threading.Thread] = []

    def spooled(self, *callids: str) -> None:
        """These came while the database was away."""
        for callid in callids:
            self.spool.sync(self.spool.put(event("INCOMING", "a", callid)))

    def arrives(self, callid: str) -> None:
        """A push comes; back as soon as it has its place, in the writer's queue or in the spool's."""
        places = self._places()
        self._threads.append(
            threading.Thread(target=self.intake.accept, args=(event("INCOMING", "a", callid),))
        )
        self._threads[-1].start()
        wait_until(lambda: self._places() > places or not self._threads[-1].is_alive())

    def _places(self) -> int:
        return self.writer._queue.qsize() + len(self.spool._queue)

    def all_answered(self) -> None:
        while self._threads:
            self._threads[-1].join(WITHIN_S)
            assert not self._threads.pop().is_alive()

    def in_file(self) -> list[str]:
        """All of the file, stored or not."""
        own = self.spool.own()
        return [line.push.message.callid for line in own.lines(0, 1000) if line.push.message] if own else []

    def dies(self) -> Door:
        """Without a word: the kernel lets go of its locks. Returns the next process."""
        own = self.spool.own()
        assert own is not None
        own.close()
        return Door(self.writer, self.folder, self.intake)


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(WITHIN_S * 1000):
        if holds():
            return
        pause.wait(0.001)
    raise AssertionError("it did not come to pass")


def drain_while_held(door: Door, *behind: str) -> Callable[[], BaseException | None]:
    """Begin to drain so that the last batch and those that come `behind` share one transaction.

    Calling the result lets the writer go on; it returns what draining raised.
    """
    held, free, raised = threading.Event(), threading.Event(), list[BaseException]()
    hand_over = door.spool.hand_over

    def held_up(*args: Any) -> Any:
        door.spool.hand_over = hand_over  # type: ignore[method-assign]
        door.writer.post(lambda _unit: held.set() or free.wait(WITHIN_S))
        assert held.wait(WITHIN_S)
        return hand_over(*args)

    def drain() -> None:
        try:
            door.intake.drain()
        except (Unavailable, Crash) as error:
            raised.append(error)

    def go_on() -> BaseException | None:
        free.set()
        drained.join(WITHIN_S)
        assert not drained.is_alive()
        door.all_answered()
        return raised[0] if raised else None

    door.spool.hand_over = held_up  # type: ignore[method-assign]
    drained = threading.Thread(target=drain)
    drained.start()
    wait_until(lambda: door.spool.last is not None)
    for callid in behind:
        door.arrives(callid)
    return go_on

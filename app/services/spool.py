"""Where pushes wait on disk while the database is away: files of lines, each synced before its 200.

Each process appends to a file of its own, which it holds locked; what a dead process has left behind is
taken over by whoever finds it unlocked. How far a file has been stored is noted in the same transaction
as its pushes, so that a push is stored once, whatever dies in between.

Pushes that come without a pause would keep a spool waiting for ever. So its last batch is handed over: it is
queued for the database, and what comes later is queued there behind it, no longer here. The file stays until
that batch is committed, and waits again at once when it fails.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.concurrency import Waiter, native_lock
from app.services.clock import now
from app.services.intake import Incoming
from app.services.spool_file import Line, SpoolFile, encode

SUFFIX = ".jsonl"


@dataclass(slots=True, eq=False)
class Place:
    """A push's place in the queue: once it is `done`, `error` says whether the disk did not take it."""

    line: bytes
    done: bool = False
    error: OSError | None = None


class Batch(Waiter[None]):
    """Pushes of a file, up to its byte `end`, on their way into the database. `failed`: not stored."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self.lines = lines
        self.end = lines[-1].end
        self.failed = False

    def fail(self, error: BaseException) -> None:
        """As of any waiter. The writer calls it before it begins with what is queued behind."""
        self.failed = True
        super().fail(error)


class Waiting(NamedTuple):
    """What waits on this host's disk: bytes in all, and since when (epoch ms)."""

    size: int
    since_at: int


class Spool:
    """The spool of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = native_lock()
        self._queue: deque[Place] = deque()
        self._own: SpoolFile | None = None
        self._last: Batch | None = None
        self._predecessors = waiting(folder) is not None

    @property
    def is_waiting(self) -> bool:
        """Whether pushes of this process, or of one before it, wait: later ones must queue behind them."""
        if self._queue or self._predecessors:  # asked first: what leaves the queue is in the file by then
            return True
        last, own = self._last, self._own  # in this order: `finish` takes the file away first
        return own is not None and (last is None or last.failed or own.size > last.end)

    @property
    def last(self) -> Batch | None:
        """The batch that was handed over, until it is stored: when nothing waits, pushes come behind it."""
        return self._last

    def put(self, push: Incoming, *, doubtful: bool = False) -> Place:
        """Queue a push behind those that wait, without blocking; it is on disk after `sync`.

        `doubtful`: the database may have it already; whoever stores it must look first.
        """
        place = Place(encode(push, doubtful))
        self._queue.append(place)
        return place

    def sync(self, place: Place) -> None:
        """Bring the push to disk: one sync serves all that are queued. Raises OSError when it fails."""
        with self._lock:
            if not place.done:
                self._write_queue()
        if place.error is not None:
            raise OSError(f"the spool cannot be written: {place.error}") from place.error

    def _write_queue(self) -> None:
        places = list(self._queue)
        try:
            if self._own is None:
                self._own = SpoolFile.create(self._folder / self._new_name())
            self._own.append([place.line for place in places])
        except OSError as error:
            for place in places:
                place.error = error
        for place in places:
            place.done = True
            self._queue.popleft()  # only now: until the file is there, the queue says that pushes wait

    def _new_name(self) -> str:
        """Behind every other name: the clock may have been set back since they were given."""
        newest = max((_time_of(path) for path in self._folder.glob(f"*{SUFFIX}")), default=0)
        return f"{max(now(), newest + 1)}-{secrets.token_hex(4)}{SUFFIX}"

    def left_behind(self) -> Iterator[SpoolFile]:
        """Files that no living process holds, oldest first."""
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                found = SpoolFile(path)
            except OSError:
                continue  # a living process holds it, or has just removed it
            yield found

    def nothing_left_behind(self) -> None:
        """All that `left_behind` gave is in the database: pushes need not queue behind it any more."""
        self._predecessors = False

    def own(self) -> SpoolFile | None:
        """The file this process appends to now."""
        return self._own

    def hand_over(self, stored: int, most: int, enqueue: Callable[[Batch], None]) -> Batch | None:
        """Let `enqueue` queue what is left after `stored` bytes; later pushes are queued there behind it.

        None when there is nothing, or more than `most` pushes: those behind would have to wait for too long.
        """
        with self._lock:
            if self._queue:
                self._write_queue()
            lines = list(self._own.lines(stored, most + 1)) if self._own else []
            if not 0 < len(lines) <= most:
                return None
            last = Batch(lines)
            enqueue(last)  # first: whoever sees that nothing waits is queued behind it
            self._last = last  # should it have failed by now, it says so
            return last

    def finish(self, stored: int) -> bool:
        """Give the own file up when all of it is stored; False when more has come meanwhile."""
        with self._lock:
            if self._own is None or self._queue or self._own.size != stored:
                return False
            self._own.remove()
            self._own = None
            self._last = None
            return True


def waiting(folder: Path) -> Waiting | None:
    """What waits in the spool of this host, None when nothing does."""
    size, times = 0, []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # stored this moment
            size += path.stat().st_size
            times.append(_time_of(path))
    return Waiting(size, min(times)) if times else None


def _time_of(path: Path) -> int:
    """When a file was begun: its name says it, in epoch ms."""
    return int(path.name.partition("-")[0])

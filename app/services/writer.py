"""The one writer of a process: a thread that owns one connection and commits in groups.

Every write is a function handed to it. All functions waiting at that moment share one transaction, so
that one sync of the disk serves them all; their callers go on only after COMMIT. What a function
says has changed is handed on in the order of commits.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from queue import Empty
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.concurrency import SimpleQueue, Waiter, start_thread
from app.services.changes import Change
from app.services.clock import now
from app.services.outage import Outage, Unavailable, is_outage, is_race
from app.services.prepared import Prepared
from app.services.unit import Cache, Unit

log = logging.getLogger(__name__)

__all__ = ["Unavailable", "Unit", "Writer"]

P = ParamSpec("P")
T = TypeVar("T")

BATCH = 500
TIMEOUT_S = 20.0
RACES = 3
BEGIN = {"sqlite": Prepared(text("BEGIN IMMEDIATE")), "postgresql": Prepared(text("BEGIN"))}
COMMIT = Prepared(text("COMMIT"))


Job = Callable[[Unit], Any]
Waiting = tuple[Job, Waiter[Any]]


class Writer:
    """Runs functions inside group commits, one thread per process, started by the first of them."""

    def __init__(
        self,
        engine: Engine,
        on_commit: Callable[[Sequence[Change]], None] | None = None,
        before_commit: Callable[[Connection, Sequence[Change]], None] | None = None,
    ) -> None:
        self._engine = engine
        self._conn: Connection | None = None
        self._on_commit = on_commit
        self._before_commit = before_commit
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._cache = Cache()
        self._pid = 0
        self._starting = threading.Lock()
        self._outage: Outage | None = None

    @property
    def outage(self) -> Outage | None:
        """The failure of the last transaction, None when it succeeded."""
        return self._outage

    def submit(self, job: Callable[[Unit], T], timeout_s: float = TIMEOUT_S) -> T:
        """Run `job` in the next transaction and return its result after COMMIT.

        Raises what the job raised, or Unavailable when the database cannot be written.
        """
        waiter: Waiter[T] = Waiter()
        self.enqueue(job, waiter)
        return waiter.result(timeout_s)

    def enqueue(self, job: Callable[[Unit], T], waiter: Waiter[T]) -> None:
        """Queue `job` behind all that wait, without blocking.

        The waiter hears what came of it in the writer's thread, before the next transaction begins.
        """
        self._start()
        self._queue.put((job, waiter))

    def write(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `function(unit, *args, **kwargs)` in the next transaction and return its result."""
        return self.submit(lambda unit: function(unit, *args, **kwargs))

    def post(self, job: Job, lost: Callable[[], None] | None = None) -> None:
        """Run `job` in some coming transaction; nobody waits, a failure is logged.

        `lost` is called in the writer's thread instead when the database could not be written.
        """
        self.enqueue(job, _Logged(lost))

    def stop(self) -> None:
        """Finish what is queued, then end the thread and its connection."""
        if self._pid == os.getpid():
            done: Waiter[None] = Waiter()
            self._queue.put((lambda _unit: None, done))
            self._queue.put(None)
            done.result(TIMEOUT_S)
            self._pid = 0

    def _start(self) -> None:
        if self._pid == os.getpid():
            return
        with self._starting:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                start_thread(self._run, "pult-writer")

    def _run(self) -> None:
        running = True
        while running:
            item = self._queue.get()
            batch = [] if item is None else [item, *self._queued(BATCH - 1)]
            running = item is not None
            if batch:
                self._commit_group(batch)
        self._disconnect()

    def _queued(self, most: int | None = None) -> list[Waiting]:
        """What waits in the queue now, up to the word to stop."""
        found: list[Waiting] = []
        while most is None or len(found) < most:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                self._queue.put(None)
                break
            found.append(item)
        return found

    def _commit_group(self, batch: list[Waiting], tries: int = RACES) -> None:
        """One transaction for all; if any function fails, each gets a transaction of its own."""
        try:
            results, changes = self._transaction([job for job, _ in batch])
        except Unavailable as error:
            self._note_outage(error)
            # Who has queued up meanwhile would find the same, one after another, and too late.
            self._fail(batch + self._queued(), error)
        except Exception as error:  # noqa: BLE001 - whatever a job raises belongs to its caller
            if len(batch) > 1:
                self._commit_singly(batch)
            elif tries and is_race(error):
                self._commit_group(batch, tries - 1)
            else:
                self._fail(batch, error)
        else:
            self._outage = None
            self._tell(changes)
            for (_, waiter), result in zip(batch, results, strict=True):
                waiter.set(result)

    def _commit_singly(self, batch: list[Waiting]) -> None:
        for place, one in enumerate(batch):
            self._commit_group([one])
            if self._outage is not None:
                self._fail(batch[place + 1 :], Unavailable(self._outage.reason))
                return

    def _note_outage(self, error: Unavailable) -> None:
        since_at = self._outage.since_at if self._outage else now()
        self._outage = Outage(since_at, str(error).strip().split("\n", 1)[0])

    @staticmethod
    def _fail(batch: list[Waiting], error: Exception) -> None:
        for _, waiter in batch:
            waiter.fail(error)

    def _tell(self, changes: list[Change]) -> None:
        """Hand on what has changed. A failure there must not end the thread that every write needs."""
        if self._on_commit is None or not changes:
            return
        try:
            self._on_commit(changes)
        except Exception:
            log.exception("what was committed could not be announced")

    def _transaction(self, jobs: list[Job]) -> tuple[list[Any], list[Change]]:
        conn = self._connection()
        changes: list[Change] = []
        try:
            BEGIN[conn.dialect.name].run(conn)
            self._cache.check(conn)
            results = []
            for job in jobs:
                unit = Unit(conn, now(), self._cache, changes)
                results.append(job(unit))
            if self._before_commit is not None and changes:
                self._before_commit(conn, changes)
            COMMIT.run(conn)
        except BaseException as error:
            self._cache.clear()
            self._disconnect()  # instead of a roll-back: after a failed COMMIT it leaves the transaction open
            if isinstance(error, DBAPIError) and is_outage(error):
                raise Unavailable(str(error.orig)) from error
            raise
        return results, changes

    def _connection(self) -> Connection:
        if self._conn is None:
            try:
                connected = self._engine.connect()
            except DBAPIError as error:
                raise Unavailable(str(error.orig)) from error
            # The transaction's borders are ours: the driver would begin a deferred one.
            self._conn = connected.execution_options(isolation_level="AUTOCOMMIT")
        return self._conn

    def _disconnect(self) -> None:
        if self._conn is not None:
            conn, self._conn = self._conn, None
            try:
                conn.close()
            except DBAPIError:
                conn.invalidate()


class _Logged(Waiter[Any]):
    """Stands where nobody waits: a failure is logged instead of raised."""

    def __init__(self, lost: Callable[[], None] | None) -> None:
        self._lost = lost

    def set(self, value: Any) -> None:
        pass

    def fail(self, error: BaseException) -> None:
        if isinstance(error, Unavailable) and self._lost is not None:
            self._lost()
        elif isinstance(error, Unavailable):
            log.warning("a posted write is lost: %s", error)
        else:
            log.error("a posted write failed", exc_info=error)

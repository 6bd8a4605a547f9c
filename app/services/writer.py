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
from dataclasses import dataclass, field
from queue import Empty
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from app.concurrency import SimpleQueue, Waiter, start_thread
from app.services.changes import Change
from app.services.clock import now

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

BATCH = 500
TIMEOUT_S = 20.0
RACES = 3
# What the drivers raise when the database is locked, full, read-only or away.
OUTAGES = ("OperationalError", "AdminShutdown", "DiskFull", "ReadOnlySqlTransaction", "LockNotAvailable")


class Unavailable(RuntimeError):
    """The database cannot be written now (locked, full, away): nothing was stored."""


@dataclass(slots=True)
class Unit:
    """One function's share of a transaction: its connection, the time, and what it changes.

    `cache` keeps ids of small tables between units of one writer; it is emptied when a transaction fails.
    """

    conn: Connection
    now: int
    cache: dict[Any, Any]
    changes: list[Change] = field(default_factory=list)


Job = Callable[[Unit], Any]


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
        self._queue: SimpleQueue[tuple[Job, Waiter[Any]] | None] = SimpleQueue()
        self._cache: dict[Any, Any] = {}
        self._pid = 0
        self._starting = threading.Lock()

    def submit(self, job: Callable[[Unit], T], timeout_s: float = TIMEOUT_S) -> T:
        """Run `job` in the next transaction and return its result after COMMIT.

        Raises what the job raised, or Unavailable when the database cannot be written.
        """
        self._start()
        waiter: Waiter[T] = Waiter()
        self._queue.put((job, waiter))
        return waiter.result(timeout_s)

    def write(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `function(unit, *args, **kwargs)` in the next transaction and return its result."""
        return self.submit(lambda unit: function(unit, *args, **kwargs))

    def post(self, job: Job) -> None:
        """Run `job` in some coming transaction; nobody waits, a failure is logged."""
        self._start()
        self._queue.put((job, _Logged()))

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
            batch: list[tuple[Job, Waiter[Any]]] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) == BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            running = item is not None
            if batch:
                self._commit_group(batch)
        self._disconnect()

    def _commit_group(self, batch: list[tuple[Job, Waiter[Any]]], tries: int = RACES) -> None:
        """One transaction for all; if any function fails, each gets a transaction of its own."""
        try:
            results, changes = self._transaction([job for job, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever a job raises belongs to its caller
            if tries and len(batch) == 1 and _is_race(error):
                self._commit_group(batch, tries - 1)
            elif len(batch) == 1 or isinstance(error, Unavailable):
                for _, waiter in batch:
                    waiter.fail(error)
            else:
                for one in batch:
                    self._commit_group([one])
            return
        if self._on_commit is not None and changes:
            self._on_commit(changes)
        for (_, waiter), result in zip(batch, results, strict=True):
            waiter.set(result)

    def _transaction(self, jobs: list[Job]) -> tuple[list[Any], list[Change]]:
        conn = self._connection()
        changes: list[Change] = []
        try:
            conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.dialect.name == "sqlite" else "BEGIN")
            results = []
            for job in jobs:
                unit = Unit(conn, now(), self._cache, changes)
                results.append(job(unit))
            if self._before_commit is not None and changes:
                self._before_commit(conn, changes)
            conn.commit()
        except BaseException as error:
            self._cache.clear()
            self._roll_back(conn)
            if isinstance(error, DBAPIError) and _is_outage(error):
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

    def _roll_back(self, conn: Connection) -> None:
        try:
            conn.rollback()
        except DBAPIError:
            log.warning("the writer's connection is broken; it will connect again")
            self._disconnect()

    def _disconnect(self) -> None:
        if self._conn is not None:
            conn, self._conn = self._conn, None
            try:
                conn.close()
            except DBAPIError:
                conn.invalidate()


class _Logged(Waiter[Any]):
    """Stands where nobody waits: a failure is logged instead of raised."""

    def __init__(self) -> None:
        pass

    def set(self, value: Any) -> None:
        pass

    def fail(self, error: BaseException) -> None:
        log.error("a posted write failed", exc_info=error)


def _is_race(error: Exception) -> bool:
    """True when another process was faster and the same function may succeed now (PostgreSQL only)."""
    names = ("DeadlockDetected", "SerializationFailure", "UniqueViolation")
    return isinstance(error, DBAPIError) and type(error.orig).__name__ in names


def _is_outage(error: DBAPIError) -> bool:
    """True for a database that is locked, full, read-only or away, not for a wrong statement."""
    if error.connection_invalidated:
        return True
    kind = type(error.orig).__name__
    return kind in OUTAGES

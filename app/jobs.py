"""What happens by itself: loops over state in tables, so that nothing is lost with a process.

One process of an installation does them: on SQLite the only one, on PostgreSQL the one that holds a lock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.concurrency import Thread, start_thread
from app.config import Settings
from app.pbx.client import PbxError
from app.services import (
    connection,
    dialing,
    projection,
    reactions,
    reconcile,
    reconcile_log,
    recordings,
    rehearsal,
    schema,
    sessions,
    spool,
)
from app.services.acceptance import Intake
from app.services.changes import Change
from app.services.clock import now
from app.services.database import own_engine
from app.services.pulse import Pulse
from app.services.tracking import Limits
from app.services.writer import Unavailable, Writer

log = logging.getLogger(__name__)

TICK_S = 0.5
FEED_EVERY_S = 10.0
LOST_EVERY_S = 2.0
HISTORY_EVERY_S = 60.0
SESSIONS_EVERY_S = 300.0
LOST_AFTER_MS = 5_000  # after the longest a dial's request may last
AWAY_S = 2.0
LEADER = 0x50756C74  # any number, the same in every process


class Jobs:
    """The reaper, the reactions and the spool in one thread, the fetching of recordings in another."""

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        writer: Writer,
        intake: Intake,
        limits: Limits,
        pulse: Pulse,
        tell: Callable[[Sequence[Change]], None],
    ) -> None:
        self._app = app
        self._settings = settings
        self._writer = writer
        self._intake = intake
        self._limits = limits
        self._pulse = pulse
        self._tell = tell
        self._feed_due, self._lost_due = _Pace(FEED_EVERY_S), _Pace(LOST_EVERY_S)
        self._history_due, self._sessions_due = _Pace(HISTORY_EVERY_S), _Pace(SESSIONS_EVERY_S)
        self._lost_ms = int(settings.dial_total_seconds * 1000) + LOST_AFTER_MS
        self._engine = own_engine(settings.database_url)
        self._leading: Connection | None = None
        self._migrated = False
        self._stopping = False
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Start both threads."""
        self._threads = [
            start_thread(lambda: self._every(TICK_S, self.tick), "pult-jobs"),
            start_thread(lambda: self._every(1.0, self._fetch), "pult-fetcher"),
        ]

    def stop(self) -> None:
        """End both threads; a download that runs is finished by the next process."""
        self._stopping = True
        for thread in self._threads:
            thread.join(2)

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        while not self._stopping:
            pause = seconds
            try:
                work()
            except (Unavailable, TimeoutError, SQLAlchemyError) as error:
                log.warning("the database is away, trying again: %s", str(error).splitlines()[0])
                self._leave()
                pause = AWAY_S
            except (Exception, SystemExit):  # Flask-Migrate exits when a migration fails
                log.exception("a job failed; it runs again")
                pause = AWAY_S
            time.sleep(pause)

    def tick(self) -> None:
        """One round: what time alone changes, what follows a call, what waits on disk."""
        if not self._migrated and not self._migrate():
            return
        self._intake.drain()
        if self._feed_due():
            self._look_at_feed()
        if not self._leads():
            return
        if self._anything_due():
            while self._writer.write(projection.reap, self._limits) and not self._stopping:
                pass  # in small groups: pushes go between them
        if not spool.waiting(self._settings.data_dir / "spool"):
            # The answer of a call that looks missed may still lie in another process's spool.
            reactions.run_due(self._writer, self._engine, now())
        if self._lost_due() and self._any_dial_lost():
            self._writer.write(dialing.recover, self._lost_ms)
        if self._sessions_due():
            self._writer.write(sessions.end_expired)

    def _look_at_feed(self) -> None:
        """Each process looks for itself: its pages and its tabs are its own."""
        with self._engine.connect() as conn:
            changed = self._pulse.look(conn, now())
        if changed:
            self._tell([Change("feed", 0)])

    def _migrate(self) -> bool:
        """`pult serve` has migrated, unless the database was away then. True once it has our tables."""
        with self._engine.connect() as conn:
            at = schema.current(conn)
        if at != schema.newest():
            if not self._leads():
                return False
            with self._app.app_context():
                schema.migrate()
        self._writer.write(dialing.recover, self._lost_ms)
        rehearsal.rehearse(self._writer, self._limits)
        self._migrated = True
        return True

    def _anything_due(self) -> bool:
        with self._engine.connect() as conn:
            return projection.anything_due(conn, now())

    def _any_dial_lost(self) -> bool:
        with self._engine.connect() as conn:
            return dialing.anything_lost(conn, now(), self._lost_ms)

    def _fetch(self) -> None:
        if self._migrated and self._leads():
            recordings.fetch_due(self._writer, self._engine, self._settings)
            if self._history_due():
                self._reconcile()

    def _reconcile(self) -> None:
        """Once an hour, where the PBX has shown that it has a history."""
        with self._engine.connect() as conn:
            days = reconcile_log.days_due(conn, now())
            pbx = connection.client(conn, self._settings) if days else None
        if pbx is not None:
            try:
                reconcile.run(self._writer, self._engine, pbx, self._limits, days)
            except PbxError as error:
                log.warning("the PBX's history could not be read: %s", error)

    def _leads(self) -> bool:
        """Whether this process does the jobs. The lock lives as long as its connection."""
        if self._settings.is_sqlite:
            return True
        with _LEADING:
            if self._leading is None:
                conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                if not conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER}).scalar():
                    conn.close()
                    return False
                self._leading = conn
            self._leading.execute(text("SELECT 1"))
            return True

    def _leave(self) -> None:
        """The lock is lost with its connection; whoever comes first takes it."""
        with _LEADING:
            if self._leading is not None:
                self._leading.invalidate()
                self._leading.close()
                self._leading = None


class _Pace:
    """True when so many seconds have passed since it last said so; at first at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due_at = 0.0

    def __call__(self) -> bool:
        at = time.monotonic()
        if at < self._due_at:
            return False
        self._due_at = at + self._seconds
        return True


_LEADING = threading.Lock()

"""Engines: how each connection is set up, and the one the writer owns."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from app.concurrency import native_lock

# How long a statement may wait for another process's lock before the push goes to the spool instead.
SQLITE_BUSY_MS = 2000
SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout={SQLITE_BUSY_MS}",
    "PRAGMA journal_mode=WAL",
    # NORMAL would answer 200 before the log is on disk: measured, 0 of 200 answers had a sync before them.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
)


def prepare(engine: Engine) -> Engine:
    """Give every connection of `engine` the pragmas that make an answered push durable."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
    return engine


def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class OneByOne(NullPool):
    """Connects for one thread at a time.

    At the first connection SQLAlchemy holds a lock that gevent has patched. OS threads that meet there, as
    those of the first pushes after a start did, wait for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connecting = native_lock()

    def _create_connection(self) -> Any:
        with self._connecting:
            return super()._create_connection()


def own_engine(url: str) -> Engine:
    """An engine outside every pool, for a thread that keeps one connection to itself."""
    options: dict[str, Any] = {"poolclass": OneByOne}
    if url.startswith("postgresql"):
        # A push must not wait for somebody's lock for longer than its caller: it goes to the spool instead.
        options["connect_args"] = {"connect_timeout": 3, "options": "-c lock_timeout=2000"}
    else:
        options["connect_args"] = {"check_same_thread": False, "timeout": SQLITE_BUSY_MS / 1000}
    return prepare(create_engine(url, **options))

"""What a database was asked, whichever way it came there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection


@contextmanager
def statements_of(conn: Connection) -> Iterator[list[str]]:
    """The statements that run on this connection meanwhile; SQLite's with their values."""
    driver: Any = conn.connection.driver_connection
    asked: list[str] = []
    if isinstance(driver, sqlite3.Connection):
        driver.set_trace_callback(asked.append)
        yield asked
        driver.set_trace_callback(None)
        return
    usual = driver.cursor_factory

    class Listening(usual):  # type: ignore[misc, valid-type]
        def execute(self, query: Any, *more: Any, **options: Any) -> Any:
            asked.append(str(query))
            return super().execute(query, *more, **options)

    driver.cursor_factory = Listening
    yield asked
    driver.cursor_factory = usual

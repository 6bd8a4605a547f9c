"""Telling a database that cannot be written now from a statement that is wrong."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError

# What PostgreSQL calls an outage besides its operational errors: tables that no migration has made yet,
# a stand-by that only reads, damaged pages. A plain DatabaseError is SQLite's damaged file.
OUTAGES = (
    "UndefinedTable",
    "UndefinedColumn",
    "ReadOnlySqlTransaction",
    "InternalError_",
    "DataCorrupted",
    "InvalidCatalogName",
    "DatabaseError",
)
# Operational, too, but only for those who ran into each other: the next try succeeds.
COLLISIONS = ("DeadlockDetected", "SerializationFailure")
RACES = (*COLLISIONS, "UniqueViolation")


class Unavailable(RuntimeError):
    """The database cannot be written now (locked, full, away): nothing was stored."""


class Outage(NamedTuple):
    """Since when (epoch ms) the database cannot be written, and what it last said."""

    since_at: int
    reason: str


def is_outage(error: DBAPIError) -> bool:
    """True for a database that is locked, full, read-only, away or not migrated yet."""
    if error.connection_invalidated:
        return True
    orig, kind = error.orig, type(error.orig).__name__
    if isinstance(orig, sqlite3.OperationalError) and orig.sqlite_errorcode == sqlite3.SQLITE_ERROR:
        return str(orig).startswith("no such")  # SQLite says so of wrong statements, too
    return (isinstance(error, OperationalError) and kind not in COLLISIONS) or kind in OUTAGES


def is_race(error: Exception) -> bool:
    """True when another process was faster and the same function may succeed now (PostgreSQL only)."""
    return isinstance(error, DBAPIError) and type(error.orig).__name__ in RACES

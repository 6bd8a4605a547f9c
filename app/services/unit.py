"""What a write function is given: its share of a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from app.services.changes import Change
from app.services.prepared import Prepared

DATA_VERSION = Prepared(text("PRAGMA data_version"))
CACHED = 20_000  # things known of rows, some 300 bytes each, before all is forgotten


class Cache(dict[Any, Any]):
    """What one writer knows of rows between transactions; emptied when a transaction fails."""

    def __init__(self) -> None:
        super().__init__()
        self._data_version = -1

    def check(self, conn: Connection) -> None:
        """Forget all when somebody else, a command for example, has written to the file meanwhile."""
        if conn.dialect.name == "sqlite":
            version = DATA_VERSION.scalar(conn)
            if version != self._data_version:
                self.clear()
                self._data_version = version
        if len(self) > CACHED:
            self.clear()


@dataclass(slots=True)
class Unit:
    """One function's share of a transaction: its connection, the time, and what it changes."""

    conn: Connection
    now: int
    cache: Cache
    changes: list[Change] = field(default_factory=list)

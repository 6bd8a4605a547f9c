"""Reading the log in tests as the page reads it: words of an address in, rows out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from app.extensions import db
from app.services.call_log import keys
from app.services.call_log.filters import Filters, parse, resolve
from app.services.call_log.rows import Row, rows
from app.services.clock import now

MOSCOW = ZoneInfo("Europe/Moscow")


def filters(scope: tuple[int, ...] | None = None, **typed: str) -> Filters:
    """What the filters of an address mean in Moscow; `from_` stands for `from`, a word of Python."""
    typed = {name.strip("_"): value for name, value in typed.items()}
    with db.engine.connect() as conn:
        return resolve(conn, parse(typed, MOSCOW, now()), scope)


def found(scope: tuple[int, ...] | None = None, **typed: str) -> list[Row]:
    """The rows of the newest page of a filter."""
    asked = filters(scope, **typed)
    with db.engine.connect() as conn:
        return rows(conn, keys.page(conn, asked).keys)


def callids(scope: tuple[int, ...] | None = None, **typed: str) -> list[str]:
    """The callids of the newest page of a filter."""
    return [row.callid for row in found(scope, **typed)]

"""What the writer remembers of the calls of this hour: their rows, their legs, their trails, their keys.

A ringing call gets three to ten pushes within minutes; reading it back for each costs more than writing it.
Only where this process alone writes: on PostgreSQL another one may have been there. The writer empties its
cache when a transaction fails, and when somebody else has written to the file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.services.tracking import Push as TrailPush
from app.services.writer import Unit

CALLS_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Known:
    """A call as it stands in the database, and the pushes it follows from."""

    row: Mapping[str, Any]
    legs: Mapping[int, Mapping[str, Any]]
    trail: Sequence[TrailPush]


def recall(unit: Unit, call_id: int) -> Known | None:
    """What is remembered of a call; None when it must be read."""
    found = _calls(unit).get(call_id)
    if found is not None:
        _calls(unit).move_to_end(call_id)
    return found


def remember(unit: Unit, call_id: int, known: Known) -> None:
    """Keep what was just written of a call."""
    if unit.conn.dialect.name != "sqlite":
        return
    calls = _calls(unit)
    calls[call_id] = known
    calls.move_to_end(call_id)
    if len(calls) > CALLS_KEPT:
        calls.popitem(last=False)


def forget_all(unit: Unit) -> None:
    """Rows were changed around the projection: read everything again."""
    unit.cache.clear()


def _calls(unit: Unit) -> OrderedDict[int, Known]:
    found: OrderedDict[int, Known] = unit.cache.setdefault("calls", OrderedDict())
    return found

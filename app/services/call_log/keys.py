"""Pages of the log by key: which calls, newest first, each filter by the index that carries it.

The shapes and what they cost are in docs/log-queries.md. Only keys are found here; rows are looked up
for the fifty that are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app.models import Call
from app.services.call_log.filters import Filters
from app.services.call_log.sources import Key, Span, has_facet, sources

PAGE = 50
DAY_MS = 86_400_000
# Filters of rare mixes are looked for in growing pieces of time, so that common ones end in the first.
SLICES = (1, 6, 40, 300, 4000)


@dataclass(frozen=True)
class Page:
    """Keys of one page, newest first, and where the next pages begin: None where there is none."""

    keys: list[Key]
    newer: Key | None
    older: Key | None


def page(
    conn: Connection,
    filters: Filters,
    *,
    before: Key | None = None,
    after: Key | None = None,
    size: int = PAGE,
) -> Page:
    """The newest page, the one before (older than) a key, or the one after (newer than) it."""
    low = Key(filters.since_at, 0)
    high = None if filters.until_at is None else Key(filters.until_at, 0)
    if after is not None:
        found = find(conn, filters, Span(max(low, after), high, newest_first=False), size + 1)
        keys = found[:size][::-1]
        return Page(keys, keys[0] if len(found) > size else None, keys[-1] if keys else None)
    if before is not None:
        # The key replaces the date: with both, SQLite would seek to the date and walk to the key.
        high = before if high is None else min(high, before)
    found = find(conn, filters, Span(low, high), size + 1)
    keys = found[:size]
    return Page(keys, keys[0] if before and keys else None, keys[-1] if len(found) > size else None)


def find(conn: Connection, filters: Filters, span: Span, limit: int) -> list[Key]:
    """The first `limit` keys of the calls in `span` that pass the filters, in the span's order."""
    if _nothing(filters):
        return []
    found: set[Key] = set()
    for piece in _pieces(conn, filters, span):
        rest = limit - len(found)
        for source in sources(filters):
            found.update(Key(*row) for row in conn.execute(source.within(piece).limit(rest)))
        if len(found) >= limit:
            break
    return sorted(found, reverse=span.newest_first)[:limit]


def _nothing(filters: Filters) -> bool:
    """True when some filter names nobody: no call can fit."""
    lists = (filters.people, filters.also, filters.did_ids, filters.phones and filters.phones.ids)
    return any(ids is not None and not ids for ids in lists)


def _pieces(conn: Connection, filters: Filters, span: Span) -> Iterator[Span]:
    """The span itself, or for facets its pieces in the span's order."""
    if filters.people is not None or (filters.phones and filters.phones.few_calls) or not has_facet(filters):
        yield span
        return
    low, high = span.low, span.high or _end(conn)
    for days in SLICES:
        if low >= high:
            return
        if span.newest_first:
            edge = max(low, Key(high.started_at - days * DAY_MS, 0))
            yield Span(edge, high, newest_first=True)
            high = edge
        else:
            edge = min(high, Key(low.started_at + days * DAY_MS, 0))
            yield Span(low, edge, newest_first=False)
            low = edge
    if low < high:
        yield Span(low, high, span.newest_first)


def _end(conn: Connection) -> Key:
    newest = conn.execute(select(func.max(Call.started_at))).scalar() or 0
    return Key(newest + 1, 0)

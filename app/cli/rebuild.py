"""`pult rebuild`: the calls once more, from the inbox."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import click

from app.extensions import db
from app.runtime import runtime
from app.services.projection import rebuild as rebuilding
from app.services.projection import recount
from app.services.writer import Unavailable

T = TypeVar("T")

INTERRUPTED = 130
TRIES = 5
# A running server gets its turn between two transactions of ours.
REST = 0.25
LEAST_REST_S = 0.01


@click.command()
def rebuild() -> None:
    """Project every call again from the pushes in the inbox, and count all counts anew.

    Works beside a running server. Calls whose pushes retention has removed stay as they are; no contact,
    debt or dial is made again. Ctrl-C keeps what is done: start it again to do the rest.
    """
    began = time.monotonic()
    try:
        calls, changed = _project()
        _count()
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be written now: {error}; start it again") from error
    except KeyboardInterrupt:
        click.echo("stopped; what was done stays, start it again to do the rest", err=True)
        sys.exit(INTERRUPTED)
    click.echo(f"{calls} calls, {changed} changed, {time.monotonic() - began:.1f} s")


def _project() -> tuple[int, int]:
    with db.engine.connect() as conn:
        total = rebuilding.count_calls(conn)
    calls = changed = 0
    with click.progressbar(_batches(), length=total, label="Calls", file=sys.stderr) as batches:
        for ids in batches:
            done = _write(rebuilding.project_calls, ids, runtime().limits)
            calls, changed = calls + done.calls, changed + done.changed
            batches.update(len(ids) - 1)  # one step was the batch itself
    return calls, changed


def _batches() -> Iterator[list[int]]:
    last = 0
    while True:
        with db.engine.connect() as conn:
            ids = list(rebuilding.next_calls(conn, last))
        if not ids:
            return
        yield ids
        last = ids[-1]


def _count() -> None:
    zone = runtime().limits.zone
    counted = set()
    for day in _shown("Days", _days()):
        _write(recount.count_day, day, zone)
        counted.add(day.name)
    _write(recount.remove_days_but, counted, zone)
    for month in sorted({day[:7] for day in counted}):
        _write(recount.count_month, month)
    last: int | None = 0
    while last is not None:
        last = _write(recount.count_phones, last)


def _days() -> list[recount.Day]:
    with db.engine.connect() as conn:
        return list(recount.days(conn, runtime().limits.zone))


def _shown(label: str, items: list[T]) -> Iterator[T]:
    with click.progressbar(items, label=label, file=sys.stderr) as shown:
        shown_items: Iterable[T] = shown
        yield from shown_items


def _write(function: Callable[..., T], *args: Any, tries: int = TRIES) -> T:
    """One transaction, tried again while the server holds the database; then the server's turn."""
    began = time.monotonic()
    try:
        result = runtime().writer.write(function, *args)
    except Unavailable:
        if tries == 1:
            raise
        time.sleep(1)
        return _write(function, *args, tries=tries - 1)
    time.sleep(max(LEAST_REST_S, REST * (time.monotonic() - began)))
    return result

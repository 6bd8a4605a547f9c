"""Taking a push for good: into the database, else into the spool, and from there into the database."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from sqlalchemy import delete, select

from app.concurrency import native_lock, run_blocking, start_thread
from app.models import Setting
from app.services import intake
from app.services.intake import Incoming
from app.services.spool import Batch, Place, Spool
from app.services.spool_file import Line, SpoolFile
from app.services.tracking import Limits
from app.services.upsert import upsert
from app.services.writer import TIMEOUT_S, Unavailable, Unit, Writer

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
DRAINED_AT_ONCE = 200


class Ticket:
    """Lets a push be withdrawn from the writer's queue, but only before the writer has begun with it.

    `behind`: the last batch of the spool, if the push was queued behind it.
    """

    __slots__ = ("_behind", "_lock", "_state")

    def __init__(self, behind: Batch | None) -> None:
        self._behind = behind
        self._lock = native_lock()
        self._state = "waiting"

    @property
    def overtakes(self) -> bool:
        """Whether that batch has failed: the push came later. To be asked in the writer's thread."""
        return self._behind is not None and self._behind.failed

    def take(self) -> bool:
        """The writer begins; False when the push was withdrawn."""
        with self._lock:
            if self._state == "waiting":
                self._state = "taken"
            return self._state == "taken"

    def withdraw(self) -> bool:
        """The caller gives up waiting; False when the writer has begun."""
        with self._lock:
            if self._state == "waiting":
                self._state = "withdrawn"
            return self._state == "withdrawn"


class Intake:
    """The way of every push into the inbox. `accept` returns only when the push is on disk."""

    def __init__(self, writer: Writer, spool: Spool, limits: Limits) -> None:
        self._writer = writer
        self._spool = spool
        self._limits = limits

    def accept(self, push: Incoming) -> None:
        """Store a push in the database, or in the spool. Raises Unavailable when neither takes it."""
        if self._spool.is_waiting or self._writer.outage is not None:
            self._to_spool(push)
            return
        ticket = Ticket(behind=self._spool.last)
        try:
            stored = self._store(push, ticket)
        except (Unavailable, TimeoutError) as error:
            log.warning("the database cannot be written (%s): the push goes to the spool", error)
            # Once the writer has begun, nobody knows whether its COMMIT got through.
            self._to_spool(push, doubtful=not ticket.withdraw())
        else:
            if not stored:
                self._to_spool(push)

    def keep(self, push: Incoming) -> None:
        """Store a push that nobody waits for (`contact`, a refused one), as soon as may be."""
        if self._spool.is_waiting or self._writer.outage is not None:
            place = self._spool.put(push)
            start_thread(lambda: self._sync_later(place), "pult-spool")
        else:
            self._writer.post(
                lambda unit: intake.store(unit, push, self._limits),
                # Nobody knows whether its COMMIT got through.
                lost=lambda: self._sync_later(self._spool.put(push, doubtful=True)),
            )

    def _sync_later(self, place: Place) -> None:
        try:
            self._spool.sync(place)
        except OSError as error:
            log.error("a push that nobody waited for is lost: %s", error)

    def _store(self, push: Incoming, ticket: Ticket) -> bool:
        """False when it must go to the spool first: the push would have overtaken others there."""
        try:
            return self._writer.submit(partial(self._job, push=push, ticket=ticket), PATIENCE_S)
        except (Unavailable, TimeoutError):
            raise
        except Exception as error:
            log.exception("a push could not be projected; it is kept in the inbox as bad")
            self._keep_bad(push, repr(error))
            return True

    def _keep_bad(self, push: Incoming, error: str) -> None:
        try:
            self._writer.write(intake.store_bad, push, error)
        except (Unavailable, TimeoutError):
            raise
        except Exception as worse:  # then the fault is not in the push
            raise Unavailable(repr(worse)) from worse

    def _job(self, unit: Unit, push: Incoming, ticket: Ticket) -> bool:
        # The writer fails what is queued behind an outage, but not what is behind a push that no table takes.
        if ticket.overtakes:
            return False
        if ticket.take():
            intake.store(unit, push, self._limits)
        return True

    def _to_spool(self, push: Incoming, *, doubtful: bool = False) -> None:
        place = self._spool.put(push, doubtful=doubtful)  # at once, so that the order of receipt stays
        try:
            run_blocking(self._spool.sync, place)
        except OSError as error:
            raise Unavailable(f"neither database nor spool: {error}") from error

    def drain(self, seconds: float = 5.0) -> int:
        """Move waiting pushes into the database, for about so long; returns how many went.

        Raises Unavailable while the database is still away: what is left goes on waiting.
        """
        until = time.monotonic() + seconds
        if self._writer.outage is not None:
            self._writer.submit(lambda _unit: None)  # is it back?
        moved = 0
        for file in self._spool.left_behind():
            count, is_empty = self._drain_left_behind(file, until)
            moved += count
            if not is_empty:
                return moved
        self._spool.nothing_left_behind()
        while (own := self._spool.own()) is not None and time.monotonic() < until:
            count, stored = self._drain_file(own, until, least=DRAINED_AT_ONCE)
            last = self._spool.hand_over(stored, DRAINED_AT_ONCE, partial(self._enqueue, own))
            if last is not None:
                stored = self._await(own, last)
                count += len(last.lines)
            moved += count
            if self._spool.finish(stored):
                self._writer.write(_forget, own.path.name)
        return moved

    def _drain_left_behind(self, file: SpoolFile, until: float) -> tuple[int, bool]:
        """(pushes moved, whether that was all)"""
        with closing(file):
            moved, stored = self._drain_file(file, until)
            if stored < file.size and time.monotonic() > until:
                return moved, False
            file.remove()
        self._writer.write(_forget, file.path.name)
        return moved, True

    def _drain_file(self, file: SpoolFile, until: float, least: int = 1) -> tuple[int, int]:
        """(pushes moved, bytes of the file that are stored by now); fewer than `least` are left in it."""
        stored = self._writer.write(_stored_so_far, file.path.name)
        moved = 0
        while time.monotonic() < until:
            lines = list(file.lines(stored, DRAINED_AT_ONCE))
            if len(lines) < least:
                break
            stored = self._drain(file, lines)
            moved += len(lines)
        return moved, stored

    def _drain(self, file: SpoolFile, lines: Sequence[Line]) -> int:
        batch = Batch(lines)
        self._enqueue(file, batch)
        return self._await(file, batch)

    def _enqueue(self, file: SpoolFile, batch: Batch) -> None:
        job = partial(_move, name=file.path.name, lines=batch.lines, limits=self._limits)
        self._writer.enqueue(job, batch)

    def _await(self, file: SpoolFile, batch: Batch) -> int:
        """The bytes of the file that are stored with this batch. One that no table takes is kept as bad."""
        try:
            batch.result(TIMEOUT_S)
        except (Unavailable, TimeoutError):
            raise
        except Exception as error:
            if len(batch.lines) > 1:
                for line in batch.lines:
                    self._drain(file, [line])
            else:
                log.exception("a spooled push could not be projected; it is kept in the inbox as bad")
                self._writer.write(_move_bad, file.path.name, batch.lines[0], repr(error))
        return batch.end


def _key(name: str) -> str:
    return f"spool:{name}"[:64]


def _stored_so_far(unit: Unit, name: str) -> int:
    found = unit.conn.execute(select(Setting.value).where(Setting.name == _key(name))).scalar()
    return int(json.loads(found)) if found else 0


def _move(unit: Unit, name: str, lines: Sequence[Line], limits: Limits) -> None:
    for line in lines:
        if not (line.doubtful and intake.is_stored(unit, line.push)):
            intake.store(unit, line.push, limits)
    upsert(unit.conn, Setting, {"name": _key(name)}, {"value": json.dumps(lines[-1].end)})


def _move_bad(unit: Unit, name: str, line: Line, error: str) -> None:
    intake.store_bad(unit, line.push, error)
    upsert(unit.conn, Setting, {"name": _key(name)}, {"value": json.dumps(line.end)})


def _forget(unit: Unit, name: str) -> None:
    unit.conn.execute(delete(Setting).where(Setting.name == _key(name)))

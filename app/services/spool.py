"""Where pushes wait on disk while the database is away: a file of lines, each synced before its 200.

Each process appends to a file of its own, which it holds locked; what a dead process has left behind is
taken over by whoever finds it unlocked. How far a file has been stored is noted in the same transaction
as its pushes, so that a push is stored once, whatever dies in between.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from app.concurrency import native_lock
from app.services.intake import Incoming

SUFFIX = ".jsonl"


class Line(NamedTuple):
    """One push that waits, and where the next one begins in its file."""

    push: Incoming
    end: int


class SpoolFile:
    """One file of waiting pushes, locked as long as it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise
        self.size = os.fstat(self._file.fileno()).st_size

    def append(self, push: Incoming) -> None:
        """Write one push and sync it. Raises OSError when the disk takes it not; the file is whole then."""
        line = json.dumps(_to_json(push)).encode() + b"\n"
        number = self._file.fileno()
        try:
            written = os.write(number, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes were written")
            os.fdatasync(number)
        except OSError:
            os.ftruncate(number, self.size)
            raise
        self.size += len(line)

    def lines(self, offset: int, most: int) -> Iterator[Line]:
        """Up to `most` pushes from `offset` on. The half line of a crash was never answered: it is left."""
        with self.path.open("rb") as reading:
            reading.seek(offset)
            for raw in reading:
                offset += len(raw)
                if not raw.endswith(b"\n") or most == 0:
                    return
                most -= 1
                yield Line(_from_json(json.loads(raw)), offset)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file: all of it is in the database."""
        self.path.unlink()
        self._file.close()


class Spool:
    """The spool of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = native_lock()
        self._own: SpoolFile | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether pushes of this process wait: later ones must queue behind them."""
        return self._own is not None

    def append(self, push: Incoming, now: int) -> None:
        """Put one push behind those that wait, on disk. Raises OSError when the disk takes it not."""
        with self._lock:
            if self._own is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._own = SpoolFile(self._folder / f"{now}-{os.getpid()}{SUFFIX}")
                _sync_folder(self._folder)
            self._own.append(push)

    def left_behind(self) -> Iterator[SpoolFile]:
        """Files that no living process holds, oldest first."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                yield SpoolFile(path)
            except OSError:
                continue  # a living process holds it

    def own(self) -> SpoolFile | None:
        """The file this process appends to now."""
        return self._own

    def finish(self, stored: int) -> bool:
        """Give the own file up when all of it is stored; False when more has come meanwhile."""
        with self._lock:
            if self._own is None or self._own.size != stored:
                return False
            self._own.remove()
            self._own = None
            return True


def _sync_folder(folder: Path) -> None:
    """A new file's name must be on disk before the first 200 that relies on it."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _to_json(push: Incoming) -> dict[str, Any]:
    return {
        "pbx_id": push.pbx_id,
        "received_at": push.received_at,
        "content_type": push.content_type,
        "body": base64.b64encode(push.body).decode(),
    }


def _from_json(line: dict[str, Any]) -> Incoming:
    body = base64.b64decode(line["body"])
    return Incoming.read_again(
        line["pbx_id"], line["received_at"], line["content_type"], body, source="spool"
    )

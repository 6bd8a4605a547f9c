"""One file of the spool: lines of JSON, appended in groups, each group synced before it counts."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.pbx.message import Invalid
from app.services.clock import now
from app.services.connection import PBX_ID
from app.services.intake import Incoming


class Line(NamedTuple):
    """One push that waits, where the next one begins, and whether the database may have it already."""

    push: Incoming
    end: int
    doubtful: bool


class SpoolFile:
    """A file of waiting pushes, locked as long as it is open. `size`: the bytes that are synced."""

    def __init__(self, path: Path) -> None:
        """Take a file. Raises OSError when a living process holds it, or it is gone."""
        self.path = path
        self._file = path.open("rb+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(self._file.fileno())
            if found.st_ino != path.stat().st_ino:
                raise FileNotFoundError(path)  # removed while we waited for the lock
        except OSError:
            self._file.close()
            raise
        self.size = found.st_size

    @classmethod
    def create(cls, path: Path) -> SpoolFile:
        """Make an empty file whose name is on disk, too. It has the name only once it is locked."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        made = cls(draft)
        made.path = draft.rename(path)
        _sync_folder(path.parent)
        return made

    def append(self, lines: Sequence[bytes]) -> None:
        """Write these lines and sync them. Raises OSError when the disk refuses: then none is there."""
        block = b"".join(lines)
        number = self._file.fileno()
        try:
            written = os.pwrite(number, block, self.size)
            if written != len(block):
                raise OSError(f"only {written} of {len(block)} bytes were written")
            os.fdatasync(number)
        except OSError:
            os.ftruncate(number, self.size)
            raise
        self.size += len(block)

    def lines(self, offset: int, most: int) -> Iterator[Line]:
        """Up to `most` pushes from `offset` on. The half line of a crash was never answered: it is left."""
        with self.path.open("rb") as reading:
            reading.seek(offset)
            for raw in reading:
                offset += len(raw)
                if offset > self.size or most == 0 or not raw.endswith(b"\n"):
                    return
                most -= 1
                yield decode(raw, offset)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file: all of it is in the database."""
        self.path.unlink()
        self._file.close()


def encode(push: Incoming, doubtful: bool) -> bytes:
    """A push as a line. What is in the body is read again when the line is stored."""
    fields = {
        "pbx_id": push.pbx_id,
        "received_at": push.received_at,
        "content_type": push.content_type,
        "body": base64.b64encode(push.body).decode(),
        "doubtful": doubtful,
    }
    return json.dumps(fields).encode() + b"\n"


def decode(raw: bytes, end: int) -> Line:
    """The push of a line; one that cannot be read is kept for the admin like a refused push."""
    try:
        line = json.loads(raw)
        taken = (line["pbx_id"], line["received_at"], line["content_type"])
        body = base64.b64decode(line["body"])
        doubtful = bool(line["doubtful"])
    except (ValueError, KeyError, TypeError) as error:
        return Line(_unreadable((PBX_ID, now(), ""), raw, repr(error)), end, False)
    try:
        return Line(Incoming.read_again(*taken, body, source="spool"), end, doubtful)
    except Invalid as invalid:  # an older version may have taken what this one does not
        return Line(_unreadable(taken, body, invalid.reason), end, doubtful)


def _unreadable(taken: tuple[int, int, str], body: bytes, reason: str) -> Incoming:
    pbx_id, received_at, content_type = taken
    return Incoming(pbx_id, received_at, body, content_type, None, (), reason, "spool")


def _sync_folder(folder: Path) -> None:
    """A new file's name must be on disk before the first 200 that relies on it."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

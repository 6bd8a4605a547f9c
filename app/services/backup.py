"""A copy of the database, whole and consistent, made while the server goes on.

It holds no secret in clear: keys, sessions and invitations are hashes, passwords are scrypt, the PBX's key
is encrypted with the key file, and that file is not part of it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from app.config import Settings
from app.services import spool

SPOOL_WAIT_S = 30.0


class BackupFailed(RuntimeError):
    """No backup was made; the message is a sentence that says why."""


def make(settings: Settings, target: Path, drain: Callable[[], object]) -> int:
    """Write a backup to `target`, which is whole or not there; returns its bytes.

    `drain` brings what a dead process left in the spool into the database; what a living one holds there
    is waited for: a backup has every push that was answered before it began. Raises BackupFailed.
    """
    if not target.parent.is_dir():
        raise BackupFailed(f"there is no folder {target.parent}")
    drain()
    _wait_for_spool(settings.data_dir / "spool")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy = _copy_sqlite if settings.is_sqlite else _dump_postgresql
        copy(settings.database_url, draft)
        _sync(draft)
        draft.replace(target)
    except OSError as error:
        raise BackupFailed(f"{target}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    _sync(target.parent)
    return target.stat().st_size


def _wait_for_spool(folder: Path) -> None:
    """Pushes that wait on disk at this moment were answered; later ones need not be in the backup."""
    waiting = list(folder.glob(f"*{spool.SUFFIX}"))
    until = time.monotonic() + SPOOL_WAIT_S
    while any(path.exists() for path in waiting):
        if time.monotonic() > until:
            raise BackupFailed("pushes wait on disk until the server can write the database: back up then")
        time.sleep(0.1)


def _copy_sqlite(url: str, draft: Path) -> None:
    """VACUUM INTO reads one moment of the database, blocks no writer, and leaves deleted rows behind."""
    path = Path(make_url(url).database or "").absolute()
    try:
        existing = f"{path.as_uri()}?mode=rw"  # never a new, empty one
        with closing(sqlite3.connect(existing, timeout=10, isolation_level=None, uri=True)) as source:
            source.execute("VACUUM INTO ?", (str(draft),))
        with closing(sqlite3.connect(draft)) as copy:
            [answer] = copy.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite says: {error}") from error
    if answer != "ok":
        raise BackupFailed(f"the database is damaged: {answer}")


def _dump_postgresql(url: str, draft: Path) -> None:
    """pg_dump's own format, for pg_restore. The password goes by the environment: `ps` shows arguments."""
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed("pg_dump is not installed (Debian: apt install postgresql-client)")
    parsed = make_url(url).set(drivername="postgresql")
    environment = {**os.environ, **({"PGPASSWORD": str(parsed.password)} if parsed.password else {})}
    shown = parsed.set(password=None).render_as_string()
    command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--file={draft}", shown]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupFailed(done.stderr.strip().splitlines()[0] if done.stderr else "pg_dump failed")


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

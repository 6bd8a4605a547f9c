"""Which PBX speaks: the keys that are let in, at hand for every push."""

from __future__ import annotations

import hmac
import logging
import threading
import time

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.services.crm_keys import active_digests, mirror, mirrored_digests
from app.services.reader import Reader
from app.services.secrets import digest

log = logging.getLogger(__name__)

FRESH_S = 1.0
PATIENCE_S = 0.5  # then the mirror is as good: a push waits, or the ringing call behind a `contact`


class KeyRing:
    """The digests of the active keys; read again at most once a second, from their mirror if need be."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._digests: dict[str, int] | None = None
        self._read_at = 0.0
        self._first = threading.Lock()

    def owner(self, token: str | None) -> int | None:
        """The id of the PBX this key belongs to, None for a wrong key. Takes the same time for either."""
        shown = digest(token or "").encode()
        found = None
        for known, pbx_id in self._current().items():
            if hmac.compare_digest(known.encode(), shown):
                found = pbx_id
        return found if token else None

    def _current(self) -> dict[str, int]:
        if self._digests is None:
            with self._first:  # the first pushes after a start wait for one look, instead of each its own
                return self._refreshed() if self._digests is None else self._digests
        return self._refreshed() if time.monotonic() - self._read_at > FRESH_S else self._digests

    def _refreshed(self) -> dict[str, int]:
        self._read_at = time.monotonic()  # at once, so that nobody else asks a database that hangs
        try:
            self._digests = self._reader.ask(self._read, PATIENCE_S)
        except (SQLAlchemyError, TimeoutError):
            log.warning("the database is away: keys are checked against their mirror")
            self._digests = mirrored_digests(self._settings)
        return self._digests

    def _read(self, conn: Connection) -> dict[str, int]:
        active = active_digests(conn, self._settings)
        self._mirror(conn, active)
        return active

    def _mirror(self, conn: Connection, active: dict[str, int]) -> None:
        """A restored database brings no mirror; and a full disk is no reason to refuse a key."""
        try:
            if active != mirrored_digests(self._settings):
                mirror(conn, self._settings)
        except OSError as error:
            log.warning("the mirror of the keys could not be written: %s", error)

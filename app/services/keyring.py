"""Which PBX speaks: the keys that are let in, at hand for every push."""

from __future__ import annotations

import hmac
import logging
import time

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.concurrency import run_blocking
from app.config import Settings
from app.services.crm_keys import active_digests, mirror, mirrored_digests
from app.services.secrets import digest

log = logging.getLogger(__name__)

FRESH_S = 1.0


class KeyRing:
    """The digests of the active keys; read again at most once a second, from their mirror if need be."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._digests: dict[str, int] | None = None
        self._read_at = 0.0

    def owner(self, token: str | None) -> int | None:
        """The id of the PBX this key belongs to, None for a wrong key. Takes the same time for either."""
        shown = digest(token or "").encode()
        found = None
        for known, pbx_id in self._current().items():
            if hmac.compare_digest(known.encode(), shown):
                found = pbx_id
        return found if token else None

    def _current(self) -> dict[str, int]:
        now = time.monotonic()
        if self._digests is None or now - self._read_at > FRESH_S:
            self._read_at = now  # first, so that nobody else asks a database that hangs
            self._digests = run_blocking(self._read)
        return self._digests

    def _read(self) -> dict[str, int]:
        try:
            with self._engine.connect() as conn:
                active = active_digests(conn, self._settings)
                if active != mirrored_digests(self._settings):  # a restored database brings none
                    mirror(conn, self._settings)
                return active
        except SQLAlchemyError:
            log.warning("the database is away: keys are checked against their mirror")
            return mirrored_digests(self._settings)

"""One turn each: nobody who always has more to ask may starve the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from app.concurrency import under_gevent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DOOR = "/live"
WIDTH = 4


class Fair:
    """Yields to the loop once per request: gunicorn's gevent worker does not, between keep-alive requests.

    Of a thousand tabs that come back after a restart only `WIDTH` are in the door at a time. The
    others wait outside the loop's queue, or a push would wait there behind them all, at each of its turns.
    """

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner
        self._door: Any = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not under_gevent():
            return self._inner(environ, start_response)
        import gevent

        if environ.get("PATH_INFO") != DOOR:
            gevent.sleep(0)
            return self._inner(environ, start_response)
        with self._open_door():
            gevent.sleep(0)
            return self._inner(environ, start_response)

    def _open_door(self) -> Any:
        if self._door is None:
            from gevent.lock import Semaphore

            self._door = Semaphore(WIDTH)
        return self._door

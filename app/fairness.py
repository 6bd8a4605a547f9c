"""One turn each: a client that always has its next request ready must not starve the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.concurrency import under_gevent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Fair:
    """Yields to the loop once per request: gunicorn's gevent worker does not, between keep-alive requests."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if under_gevent():
            from gevent import sleep

            sleep(0)
        return self._inner(environ, start_response)

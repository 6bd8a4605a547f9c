"""The PBX's own lane: POST /pbx past the rest of Flask.

Matching the route, making a request and a response, and what runs around every view cost more than reading
the push and handing it to the writer, and a push needs none of it. What is out of the ordinary (another
method, a body that is too large or of unknown length) goes the usual way, to the view of the same address.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask

from app.web import webhook
from app.web.headers import ALWAYS, HSTS
from app.web.viewer import address_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Lane:
    """Answers pushes itself and hands everything else on."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._inner = inner
        self._runtime = app.extensions["pult"]
        self._largest = app.config["MAX_CONTENT_LENGTH"]
        always = {**ALWAYS, "Cache-Control": "no-store"}
        if self._runtime.settings.secure:
            always["Strict-Transport-Security"] = HSTS
        self._headers = list(always.items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = self._length(environ)
        if length is None:
            return self._inner(environ, start_response)
        body = environ["wsgi.input"].read(length)
        if len(body) == length:
            answer = webhook.take(self._runtime, body, environ.get("CONTENT_TYPE", ""), address_of(environ))
        else:
            answer = webhook.BROKEN_OFF
        own = [("Content-Type", answer.mimetype), ("Content-Length", str(len(answer.body)))]
        start_response(STATUS[answer.status], own + self._headers)
        return [answer.body]

    def _length(self, environ: WSGIEnvironment) -> int | None:
        """How long the body of a push is, None when this is not an ordinary push."""
        if environ["PATH_INFO"] != "/pbx" or environ["REQUEST_METHOD"] != "POST":
            return None
        told = environ.get("CONTENT_LENGTH", "")
        if not (told.isascii() and told.isdigit()) or "HTTP_TRANSFER_ENCODING" in environ:
            return None
        return length if (length := int(told)) <= self._largest else None

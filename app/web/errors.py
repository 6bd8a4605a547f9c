"""Error pages: what happened, and what to do."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.services.writer import Unavailable
from app.web.viewer import VIEWER

log = logging.getLogger(__name__)

# Those with words of their own; any other is told as the first of its hundred.
PAGES = (400, 401, 403, 404, 405, 413, 429, 500, 503)
RETRY_AFTER_S = "5"
PBX_PATH = "/pbx"
PBX_WORDS = {
    400: "Invalid parameters",
    404: "Not found",
    405: "Method not allowed",
    413: "Request too large",
    500: "Internal error",
    503: "Try again later",
}


def init_app(app: Flask) -> None:
    """Register the error pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InternalServerError, _broken)
    for outage in (Unavailable, OperationalError):
        app.register_error_handler(outage, _away)


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error  # a redirect is no failure
    answer = _answer(code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            answer.headers[name] = value
    return answer


def _broken(_error: InternalServerError) -> ResponseReturnValue:
    """Something of ours: Flask has logged it, the reference leads the admin to that place."""
    _forget_viewer()
    reference = secrets.token_hex(4)
    log.error("reference %s at %s %s", reference, request.method, request.url_rule)
    return _answer(500, reference)


def _away(error: Exception) -> ResponseReturnValue:
    reason = error.orig if isinstance(error, OperationalError) else error  # not the statement's values
    log.error("the database is away: %s at %s %s", reason, request.method, request.url_rule)
    _forget_viewer()
    answer = _answer(503)
    answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer


def _answer(code: int, reference: str = "") -> Response:
    if request.path == PBX_PATH:  # the PBX reads JSON (specification, section 2)
        answer = jsonify(error=PBX_WORDS.get(code, "Error"))
    else:
        page = code if code in PAGES else code // 100 * 100
        answer = Response(render_template("errors/error.html", code=page, status=code, reference=reference))
    answer.status_code = code
    return answer


def _forget_viewer() -> None:
    """The page must not need the database: if nobody was looked up yet, it is for a stranger."""
    request.environ.setdefault(VIEWER, None)

"""The PBX's single entry point: POST /pbx (specification, section 4.1)."""

from __future__ import annotations

import logging
from functools import partial
from time import perf_counter

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import Connection
from werkzeug.exceptions import RequestEntityTooLarge

from app.pbx.message import Envelope, Invalid, Message
from app.pbx.protocol import INVALID_PARAMETERS, INVALID_TOKEN, open_envelope, parse
from app.runtime import runtime
from app.services import intake, metrics, routing
from app.services.clock import now
from app.services.intake import Incoming
from app.services.writer import Unavailable
from app.web.security import client_address, public

bp = Blueprint("webhook", __name__)
log = logging.getLogger(__name__)

# The ringing call waits for the answer to `contact`: later than this, no answer is the better one.
CONTACT_S = 0.7
TOO_LARGE = "too_large"


@bp.post("/pbx")
@public
def receive() -> tuple[Response, int]:
    """Store what the PBX pushes, then answer as the specification says."""
    begun = perf_counter()
    try:
        return _receive(now())
    finally:
        metrics.PUSH_SECONDS.observe(perf_counter() - begun)


def _receive(received_at: int) -> tuple[Response, int]:
    content_type = request.content_type or ""
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        _keep_beginning(received_at, content_type)
        raise
    envelope = open_envelope(body, content_type)
    pbx_id = runtime().keyring.owner(envelope.token)
    if pbx_id is None:
        return _refuse_key()
    try:
        message = parse(envelope.fields)
    except Invalid as invalid:
        _keep(_incoming(pbx_id, received_at, content_type, envelope, reason=invalid.reason))
        return _answer("invalid", INVALID_PARAMETERS, 400)
    push = _incoming(pbx_id, received_at, content_type, envelope, message)
    if message.cmd == "contact":
        return _contact(push, message)
    return _store(push, message)


def _keep_beginning(received_at: int, content_type: str) -> None:
    """Of a push that is too large: as much as any push may have, for the admin, if its key stands there."""
    beginning = request.environ["wsgi.input"].read(current_app.config["MAX_CONTENT_LENGTH"])
    envelope = open_envelope(beginning, content_type)
    pbx_id = runtime().keyring.owner(envelope.token)
    if pbx_id is not None:
        _keep(_incoming(pbx_id, received_at, content_type, envelope, reason=TOO_LARGE))


def _store(push: Incoming, message: Message) -> tuple[Response, int]:
    """200 means "on disk": in the database, or in the spool while the database is away."""
    try:
        runtime().intake.accept(push)
    except Unavailable:
        log.error("a push could be stored nowhere: answering 503")
        return _answer(message.cmd, {"error": "Storage is unavailable"}, 503)
    metrics.PUSHES.add(message.cmd, "200")
    return Response(status=200, mimetype="text/plain"), 200


def _contact(push: Incoming, message: Message) -> tuple[Response, int]:
    """Answer first, write to the inbox after: a phone is ringing meanwhile."""
    try:
        answer = runtime().reader.ask(partial(_look_up, message), CONTACT_S)
    except Exception:
        log.exception("no answer to `contact` in time: the PBX rings as if the number were unknown")
        answer = {}
    _keep(push)
    return _answer("contact", answer, 200)


def _look_up(message: Message, conn: Connection) -> dict[str, str]:
    return routing.answer(conn, message.phone, intake.region(message))


def _keep(push: Incoming) -> None:
    """Into the inbox, as soon as may be, without waiting."""
    runtime().intake.keep(push)


def _refuse_key() -> tuple[Response, int]:
    address = client_address()
    runtime().writer.post(lambda unit: intake.count_refused_key(unit, address))
    return _answer("refused", INVALID_TOKEN, 401)


def _incoming(
    pbx_id: int,
    at: int,
    content_type: str,
    envelope: Envelope,
    message: Message | None = None,
    reason: str = "",
) -> Incoming:
    flags = envelope.flags + (message.flags if message else ())
    return Incoming(pbx_id, at, envelope.redacted, content_type, message, flags, reason)


def _answer(cmd: str, body: dict[str, str], status: int) -> tuple[Response, int]:
    metrics.PUSHES.add(cmd, str(status))
    return jsonify(body), status

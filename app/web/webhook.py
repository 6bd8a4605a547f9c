"""The PBX's single entry point: POST /pbx (specification, section 4.1)."""

from __future__ import annotations

import json
import logging
from functools import partial
from time import perf_counter
from typing import NamedTuple

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection
from werkzeug.exceptions import RequestEntityTooLarge

from app.pbx.message import Envelope, Invalid, Message
from app.pbx.protocol import INVALID_PARAMETERS, INVALID_TOKEN, open_envelope, parse
from app.runtime import Runtime, runtime
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


class Answer(NamedTuple):
    """What the PBX hears."""

    status: int
    body: bytes
    mimetype: str


TAKEN = Answer(200, b"", "text/plain; charset=utf-8")
# The sender went away in the middle of its body: what is there may say something else than the whole.
BROKEN_OFF = Answer(400, b'{"error":"Invalid parameters"}\n', "application/json")


@bp.post("/pbx")
@public
def receive() -> Response:
    """Store what the PBX pushes, then answer as the specification says. Most pushes come by `lane.py`."""
    content_type = request.content_type or ""
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        _keep_beginning(content_type)
        raise
    status, said, mimetype = take(runtime(), body, content_type, client_address())
    return Response(said, status, content_type=mimetype)


def take(pult: Runtime, body: bytes, content_type: str, address: str) -> Answer:
    """Take one push from `address` and say how it is to be answered. The answer is its receipt."""
    begun = perf_counter()
    try:
        return _take(pult, body, content_type, address, now())
    finally:
        metrics.PUSH_SECONDS.observe(perf_counter() - begun)


def _take(pult: Runtime, body: bytes, content_type: str, address: str, received_at: int) -> Answer:
    envelope = open_envelope(body, content_type)
    pbx_id = pult.keyring.owner(envelope.token)
    if pbx_id is None:
        pult.writer.post(lambda unit: intake.count_refused_key(unit, address))
        return _answer("refused", INVALID_TOKEN, 401)
    try:
        message = parse(envelope.fields)
    except Invalid as invalid:
        pult.intake.keep(_incoming(pbx_id, received_at, content_type, envelope, reason=invalid.reason))
        return _answer("invalid", INVALID_PARAMETERS, 400)
    push = _incoming(pbx_id, received_at, content_type, envelope, message)
    if message.cmd == "contact":
        return _contact(pult, push, message)
    return _store(pult, push, message)


def _keep_beginning(content_type: str) -> None:
    """Of a push that is too large: as much as any push may have, for the admin, if its key stands there."""
    beginning = request.environ["wsgi.input"].read(current_app.config["MAX_CONTENT_LENGTH"])
    envelope = open_envelope(beginning, content_type)
    pbx_id = runtime().keyring.owner(envelope.token)
    if pbx_id is not None:
        runtime().intake.keep(_incoming(pbx_id, now(), content_type, envelope, reason=TOO_LARGE))


def _store(pult: Runtime, push: Incoming, message: Message) -> Answer:
    """200 means "on disk": in the database, or in the spool while the database is away."""
    try:
        pult.intake.accept(push)
    except Unavailable:
        log.error("a push could be stored nowhere: answering 503")
        return _answer(message.cmd, {"error": "Storage is unavailable"}, 503)
    metrics.PUSHES.add(message.cmd, "200")
    return TAKEN


def _contact(pult: Runtime, push: Incoming, message: Message) -> Answer:
    """Answer first, write to the inbox after: a phone is ringing meanwhile."""
    try:
        answer = pult.reader.ask(partial(_look_up, message), CONTACT_S)
    except Exception:
        log.exception("no answer to `contact` in time: the PBX rings as if the number were unknown")
        answer = {}
    pult.intake.keep(push)
    return _answer("contact", answer, 200)


def _look_up(message: Message, conn: Connection) -> dict[str, str]:
    return routing.answer(conn, message.phone, intake.region(message))


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


def _answer(cmd: str, said: dict[str, str], status: int) -> Answer:
    metrics.PUSHES.add(cmd, str(status))
    return Answer(status, json.dumps(said, separators=(",", ":")).encode() + b"\n", "application/json")

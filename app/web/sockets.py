"""The door of the page's line: GET /live.

Whoever is not let in is told so before the upgrade, in plain HTTP: after it there is no status any more.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from simple_websocket import Server

from app.extensions import db, sock
from app.live.handover import is_tls, take_socket
from app.live.publisher import topics_of
from app.live.rendering import Audience
from app.runtime import runtime
from app.web.security import is_same_origin, may, requires, viewer

bp = Blueprint("sockets", __name__)

UPGRADE = "sockets.live"
WEBSOCKET_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
RETRY_AFTER_S = "5"


@bp.get("/live")
@requires("agent", page=False)
def without_upgrade() -> Response:
    """Tell a page whose upgrade was refused that its session still stands (a stranger has got 401)."""
    return _refusal(426, "this address speaks WebSocket", Upgrade="websocket")


@sock.route("/live", bp=bp)  # type: ignore[untyped-decorator]  # flask-sock has no types
@requires("agent", page=False)
def live(ws: Server) -> None:
    """Hand a tab's connection to the hub; the first thing it gets is the snapshot of its regions."""
    person = viewer()
    audience = Audience(person.lang, person.timezone)
    topics = topics_of(person.id, audience, supervisor=may("supervisor"), admin=may("admin"))
    hub, publisher = runtime().hub, runtime().publisher
    db.session.remove()  # a tab may live for days: it must not hold a connection to the database
    hub.adopt(
        take_socket(ws),
        user=person.id,
        session=person.session_id,
        topics=topics,
        on_ready=lambda tab: publisher.join(tab.id, tab.user, audience, tab.topics),
    )


@bp.before_request
def _refuse() -> Response | None:
    """Who has a session comes this far; None opens the door. No 101 for anybody else."""
    if request.endpoint != UPGRADE:
        return None
    if not is_same_origin():
        return _refusal(403, "a page of another site may not listen here")
    if is_tls(request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")):
        return _refusal(501, "live pages need TLS to end in front of Pult, for example in nginx")
    if runtime().hub.full():
        return _refusal(503, "too many open pages", **{"Retry-After": RETRY_AFTER_S})
    if (fault := _fault_of_handshake()) is not None:
        return fault
    # Deflate would cost 165 KiB a tab, and its state corrupts frames that are shared between tabs.
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return None


def _fault_of_handshake() -> Response | None:
    if request.headers.get("Sec-WebSocket-Version") != "13":
        return _refusal(426, "only version 13 of WebSocket is spoken here", **{"Sec-WebSocket-Version": "13"})
    if not WEBSOCKET_KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")):
        return _refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64")
    return None


def _refusal(status: int, words: str, **headers: str) -> Response:
    return Response(words + "\n", status, headers, mimetype="text/plain")

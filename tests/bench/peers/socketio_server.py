"""The same publication with Flask-SocketIO."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, join_room

sys.path.insert(0, str(Path(__file__).parent))
from fragment import fragment

app = Flask(__name__)
sio = SocketIO(app, async_mode="gevent", ping_interval=300, ping_timeout=300, cors_allowed_origins="*")


@sio.on("connect")
def enter(_auth: Any = None) -> None:
    """A tab."""
    join_room("u" + request.args.get("user", ""))


@app.post("/publish")
def publish() -> str:
    """A push."""
    form = request.form
    html = fragment(form["callid"], form["phone"], form["user"])
    if form.get("to") == "all":
        sio.emit("html", html)
    else:
        sio.emit("html", html, to="u" + form["user"])
    return "ok"

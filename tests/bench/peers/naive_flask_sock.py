"""The plain way: flask-sock, a loop of ws.send(), a Flask-SQLAlchemy commit for each push."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_sock import Sock
from flask_sqlalchemy import SQLAlchemy
from simple_websocket import ConnectionClosed
from sqlalchemy import event
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))
from fragment import fragment

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DB_URL", "sqlite://")
sock, db = Sock(app), SQLAlchemy(app)
tabs: dict[str, set[Any]] = {}


class Push(db.Model):  # type: ignore[name-defined,misc]
    """A push as it came."""

    id = db.Column(db.Integer, primary_key=True)
    at = db.Column(db.Float)
    callid = db.Column(db.String(64), index=True)
    raw = db.Column(db.Text)


@event.listens_for(Engine, "connect")
def durable(connection: Any, _record: Any) -> None:
    """The promise we give too: what is answered is on disk."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
        connection.execute(f"PRAGMA {pragma}")


with app.app_context():
    db.create_all()


@sock.route("/ws")
def listen(ws: Any) -> None:
    """A tab."""
    mine = tabs.setdefault(request.args.get("user", ""), set())
    mine.add(ws)
    try:
        while True:
            ws.receive()
    finally:
        mine.discard(ws)


@app.post("/publish")
def publish() -> str:
    """A push: stored if that is asked for, then sent."""
    form = request.form
    if "DURABLE" in os.environ:
        db.session.add(Push(at=time.time(), callid=form["callid"], raw=request.get_data(as_text=True)))
        db.session.commit()
    html = fragment(form["callid"], form["phone"], form["user"])
    everyone = form.get("to") == "all"
    for user, theirs in list(tabs.items()):
        for tab in list(theirs) if everyone or user == form["user"] else ():
            try:
                tab.send(html)
            except ConnectionClosed:
                theirs.discard(tab)
    return "ok"

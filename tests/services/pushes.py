"""Pushes as the PBX would post them, for tests that go through the intake."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask

from app.services import intake
from app.services.clock import now
from app.services.intake import Incoming

FORM = "application/x-www-form-urlencoded"
CLIENT, OURS = "79000000001", "74950000001"


def push(at: int | None = None, **fields: Any) -> Incoming:
    """A push of PBX 1, received `at` (epoch ms; now unless given)."""
    form = {"phone": CLIENT, "diversion": OURS, **fields}
    body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
    return Incoming.read_again(1, at or now(), FORM, body, source="http")


def event(type: str, user: str, callid: str = "c-1", at: int | None = None, **fields: Any) -> Incoming:
    """An event push."""
    return push(at, cmd="event", type=type, user=user, callid=callid, **fields)


def history(
    user: str, status: str = "Success", callid: str = "c-1", at: int | None = None, **fields: Any
) -> Incoming:
    """A history push of an incoming call, unless `type` says otherwise."""
    return push(
        at, **{"cmd": "history", "type": "in", "user": user, "status": status, "callid": callid, **fields}
    )


def take(app: Flask, *pushes: Incoming) -> None:
    """Store pushes one after another, as the webhook does."""
    runtime = app.extensions["pult"]
    for one in pushes:
        runtime.writer.write(intake.store, one, runtime.limits)

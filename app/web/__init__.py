"""The doors: one file a screen."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import Babel
from werkzeug.routing import IntegerConverter, Map

from app.web import (
    auth,
    calls,
    contacts,
    desk,
    dial,
    errors,
    filters,
    health,
    home,
    me,
    missed,
    navigation,
    recordings,
    security,
    sockets,
    viewer,
    wallboard,
    webhook,
)
from app.web.admin import accounts, audit, inbox, numbers, routing, setup, users

ROOMS = (
    webhook,
    sockets,
    health,
    auth,
    me,
    home,
    desk,
    dial,
    missed,
    contacts,
    calls,
    recordings,
    wallboard,
    setup,
    accounts,
    users,
    numbers,
    routing,
    inbox,
    audit,
)


class StoredId(IntegerConverter):
    """A number in an address; one that no database can hold is not found instead of an error."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **{"max": 2**31 - 1, **kwargs})


def register(app: Flask, babel: Babel) -> None:
    """Hang every room on the application, behind the same guard."""
    app.url_map.converters["int"] = StoredId
    security.init_app(app)
    viewer.init_app(app, babel)
    filters.init_app(app)
    navigation.init_app(app)
    errors.init_app(app)
    for room in ROOMS:
        app.register_blueprint(room.bp)

"""The doors: one file a screen."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

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


def register(app: Flask, babel: Babel) -> None:
    """Hang every room on the application, behind the same guard."""
    security.init_app(app)
    viewer.init_app(app, babel)
    filters.init_app(app)
    navigation.init_app(app)
    errors.init_app(app)
    for room in ROOMS:
        app.register_blueprint(room.bp)

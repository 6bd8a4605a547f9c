"""The way to each role's home."""

from __future__ import annotations

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from app.web.security import requires, viewer

bp = Blueprint("home", __name__)

HOMES = {"agent": "/desk", "supervisor": "/wallboard", "admin": "/admin"}


@bp.get("/")
@requires("agent")
def home() -> ResponseReturnValue:
    """Where this role's work begins."""
    return redirect(HOMES[viewer().role], 303)


@bp.get("/admin")
@requires("admin")
def admin() -> ResponseReturnValue:
    """The first of the admin's rooms."""
    return redirect("/admin/setup", 303)

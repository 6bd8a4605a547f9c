"""The guard before every view: who may enter, and from which page.

A view says under its route who may enter: `@requires("agent")` or `@public`. One that says nothing is
closed to all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, current_app, redirect, request

from app.models import ROLES
from app.services.sessions import Viewer
from app.web import csrf, headers
from app.web.csrf import csrf_token, is_same_origin
from app.web.viewer import client_address, current_user

__all__ = [
    "Viewer",
    "client_address",
    "csrf_token",
    "current_user",
    "is_same_origin",
    "local_path",
    "public",
    "requires",
    "viewer",
]

V = TypeVar("V", bound=Callable[..., Any])
DECLARED = "pult_access"
LOGIN = "/login"


@dataclass(frozen=True)
class Access:
    """What a view declares. `role` None: everybody. `page`: a stranger is led to the log-in page."""

    role: str | None
    page: bool = True
    largest_body: int | None = None


def requires(role: str, *, page: bool = True, largest_body: int | None = None) -> Callable[[V], V]:
    """Only for people who have this role or a higher one.

    `page=False`: a stranger gets 401 instead of the log-in page (sockets, sounds).
    `largest_body`: bytes a form may bring, where that is more than the application's usual limit.
    """
    if role not in ROLES:
        raise ValueError(f"no such role: {role}")
    return lambda view: _declare(view, Access(role, page, largest_body))


def public(view: V) -> V:
    """For everybody, strangers included."""
    return _declare(view, Access(None))


def _declare(view: V, access: Access) -> V:
    setattr(view, DECLARED, access)
    return view


def access_of(view: Callable[..., Any]) -> Access | None:
    """What a view declared, None when it said nothing."""
    return getattr(view, DECLARED, None)


def viewer() -> Viewer:
    """The person of this request, in a view that requires a role."""
    return cast(Viewer, current_user())


def may(role: str) -> bool:
    """True when this request's person has `role` or a higher one."""
    person = current_user()
    return person is not None and ROLES.index(person.role) >= ROLES.index(role)


def local_path(value: str) -> str:
    """`value` when it is a path of this site, else "/": a log-in never leads elsewhere."""
    if not value.startswith("/") or value[1:2] in ("/", "\\") or not value.isprintable():
        return "/"
    parts = urlsplit(value)
    return "/" if parts.scheme or parts.netloc else value


def init_app(app: Flask) -> None:
    """Put the guard, the headers and the token on the application."""
    headers.init_app(app)
    csrf.init_app(app)
    app.before_request(_guard)
    app.add_template_global(may, "may")


def _guard() -> Response | None:
    """Refuse what a view has not allowed; None lets the request in."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    access = access_of(current_app.view_functions[request.endpoint])
    if access is None:
        abort(403)
    if access.role is not None and current_user() is None:
        return _to_login(access)
    if access.role is not None and not may(access.role):
        abort(403)
    if access.largest_body is not None:
        request.max_content_length = access.largest_body
    if not csrf.is_ours(public=access.role is None):
        abort(400)
    return None


def _to_login(access: Access) -> Response:
    if request.headers.get("HX-Request") == "true":
        here = urlsplit(request.headers.get("HX-Current-URL", "")).path
        return Response(status=401, headers={"HX-Redirect": _login_url(here)})
    if not access.page:
        abort(401)
    here = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else "/"
    return cast(Response, redirect(_login_url(here), 303))


def _login_url(path: str) -> str:
    path = local_path(path)
    return LOGIN if path == "/" else f"{LOGIN}?next={quote(path, safe='/')}"

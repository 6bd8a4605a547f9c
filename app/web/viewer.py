"""Who looks at a page: the person behind the cookie, their language and their time zone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale
from werkzeug import Response

from app.config import LANGUAGES
from app.runtime import runtime
from app.services import sessions
from app.services.clock import now
from app.services.sessions import Viewer
from app.web.context import reader, settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Kept with the request itself: an application context may outlive it.
VIEWER = "pult.viewer"
# What a page asks by itself: an open tab alone does not keep a session alive.
PASSIVE = ("missed.count", "desk.around", "health.storage_banner", "sockets.without_upgrade")
LOOPBACK = ("127.0.0.1", "::1")


def init_app(app: Flask, babel: Babel) -> None:
    """Tell Flask-Babel and the templates about the viewer."""
    babel.init_app(app, locale_selector=_locale, timezone_selector=_zone)
    app.context_processor(_for_templates)
    app.add_template_global(lang, "lang")


def current_user() -> Viewer | None:
    """The person of this request's session, None for a stranger; read once a request."""
    if VIEWER not in request.environ:
        request.environ[VIEWER] = None  # stays so if the read fails: the error's page needs no database
        request.environ[VIEWER] = _look_up()
    found: Viewer | None = request.environ[VIEWER]
    return found


def _look_up() -> Viewer | None:
    token = session_cookie()
    viewer = sessions.find(reader(), token, now()) if token else None
    if viewer is None:
        return None
    if sessions.is_stale(viewer, now()) and request.endpoint not in PASSIVE:
        runtime().writer.post(lambda unit: sessions.touch(unit, viewer.session_id))
    defaults = settings()
    return replace(viewer, lang=viewer.lang or defaults.lang, timezone=viewer.timezone or defaults.timezone)


def cookie_name(base: str = "pult") -> str:
    """Under https the name itself promises that no neighbouring host has set the cookie."""
    return f"__Host-{base}" if settings().secure else base


def set_cookie(response: Response, name: str, value: str, max_age_s: int | None = None) -> None:
    """Set a cookie that scripts cannot read and foreign forms do not send."""
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", secure=settings().secure, httponly=True, samesite="Lax"
    )


def session_cookie() -> str:
    """The value of the session's cookie as it came, empty when there is none."""
    return request.cookies.get(cookie_name(), "")


def client_address() -> str:
    """Who really calls: behind a proxy on this host, the address it names last."""
    return address_of(request.environ)


def address_of(environ: WSGIEnvironment) -> str:
    """The same from a request's environment."""
    address = environ.get("REMOTE_ADDR", "")
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
    if address in LOOPBACK and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(address)


def lang() -> str:
    """The language in use: that of the request, or the one forced around a live fragment."""
    locale = get_locale()
    return locale.language if locale else "en"


def _locale() -> str | None:
    """The person's own choice; for strangers what their browser asks for, else the installation's."""
    if not has_request_context():
        return None
    viewer = current_user()
    if viewer is not None:
        return viewer.lang
    return request.accept_languages.best_match(LANGUAGES) or settings().lang


def _zone() -> str | None:
    if not has_request_context():
        return None
    viewer = current_user()
    return viewer.timezone if viewer else settings().timezone


def _for_templates() -> dict[str, Any]:
    """`current_user` and `zone`. A live fragment has no viewer: it must not depend on one."""
    if not has_request_context():
        return {}
    return {"current_user": current_user(), "zone": _zone()}

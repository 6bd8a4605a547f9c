"""Unsafe requests must come from our own pages.

Two independent checks: the browser names an origin of ours (or none), and the request carries a token that
only our pages know: an HMAC of the session's cookie. A stranger's form (log-in, invitation) has no session
yet; it gets a cookie of its own, which counts for public views alone.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.services import secrets
from app.web import viewer
from app.web.context import settings

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# The PBX is no browser: it shows a key of its own instead.
WITHOUT_TOKEN = frozenset({"/pbx"})
# Programs log in with an e-mail and a password alone. A browser always names the origin of a form it sends,
# so that a stranger's page cannot log anybody in.
BY_ORIGIN = frozenset({"/login"})
FORM_SEED = "pult.form_seed"


def init_app(app: Flask) -> None:
    """Offer the token to every template and give strangers their cookie."""
    app.add_template_global(csrf_token)
    app.after_request(_keep_seed)


def csrf_token() -> str:
    """The token for this page's forms and htmx requests."""
    if viewer.current_user() is not None:
        return _token(viewer.session_cookie())
    seed = _stranger_seed() or request.environ.setdefault(FORM_SEED, secrets.new_token())
    return _token(seed)


def is_ours(*, public: bool) -> bool:
    """False for an unsafe request that no page of ours has sent."""
    if request.method not in UNSAFE or request.path in WITHOUT_TOKEN:
        return True
    return is_same_origin() and (request.path in BY_ORIGIN or _has_token(public=public))


def is_same_origin() -> bool:
    """False when the browser says that another site's page asks; a request that names none passes."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in settings().origins:
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _has_token(*, public: bool) -> bool:
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    seeds = []
    if viewer.current_user() is not None:
        seeds.append(viewer.session_cookie())
    if public and _stranger_seed():
        seeds.append(_stranger_seed())
    return any([secrets.same(sent, _token(seed)) for seed in seeds])  # a list: every seed is compared


def _token(seed: str) -> str:
    return secrets.sign(settings().data_dir, "csrf", seed)


def _stranger_seed() -> str:
    return request.cookies.get(viewer.cookie_name("pult-form"), "")


def _keep_seed(response: Response) -> Response:
    seed = request.environ.get(FORM_SEED)
    if seed:
        viewer.set_cookie(response, viewer.cookie_name("pult-form"), seed)
    return response

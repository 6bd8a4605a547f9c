"""The headers of every answer, and how long a browser may keep what it got."""

from __future__ import annotations

from flask import Flask, Response, request

from app.web.context import settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"
DAY_S = 24 * 3600


def init_app(app: Flask) -> None:
    """Add the headers to whatever leaves, errors included."""
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    response.headers.update(ALWAYS)
    if settings().secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        _keep_static(response)
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"  # pages name people and numbers
    return response


def _keep_static(response: Response) -> None:
    """Vendored files carry their version in the name; fonts never change; the rest is checked by its ETag."""
    if request.path.startswith("/static/vendor/"):
        response.headers["Cache-Control"] = f"public, max-age={365 * DAY_S}, immutable"
    elif request.path.startswith("/static/fonts/"):
        response.headers["Cache-Control"] = f"public, max-age={30 * DAY_S}"

"""What leaves with every answer."""

import pytest
from flask import Flask

from tests.personas import Actor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/login", "/me", "/nowhere", "/healthz", "/static/icons.svg", "/pbx"])
def test_every_answer_carries_the_policy(agent: Actor, path: str) -> None:
    headers = agent.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "microphone=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers  # the site is on http here


@pytest.mark.parametrize("path", ["/me", "/login", "/nowhere"])
def test_a_page_is_never_kept(agent: Actor, path: str) -> None:
    assert agent.get(path).headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_or_asked_for_by_their_tag(app: Flask, stranger: Actor) -> None:
    vendored = stranger.get("/static/vendor/htmx-4.0.1.min.js")
    assert "immutable" in vendored.headers["Cache-Control"]
    sprite = stranger.get("/static/icons.svg")
    assert sprite.headers["Cache-Control"] == "no-cache"
    tag = {"If-None-Match": sprite.headers["ETag"]}
    assert stranger.get("/static/icons.svg", headers=tag).status_code == 304


def test_a_missing_static_file_is_not_kept(stranger: Actor) -> None:
    answer = stranger.get("/static/vendor/none.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_session_cookie_is_out_of_reach_for_scripts_and_foreign_forms(stranger: Actor) -> None:
    cookie = stranger.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("pult-form=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # the site is on http here: the browser would drop it

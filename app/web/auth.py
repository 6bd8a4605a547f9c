"""Coming in and going out: log-in, log-out, and the one-time links."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug import Response

from app.services import audit, invites, metrics, passwords, people, sessions
from app.services.clock import now
from app.services.people import Refused
from app.services.throttle import Throttle
from app.services.writer import Unit
from app.web import words
from app.web.context import reader, write
from app.web.security import client_address, current_user, local_path, public, requires, viewer
from app.web.viewer import cookie_name, lang, set_cookie

bp = Blueprint("auth", __name__)

TRIES = 5
WINDOW_S = 300
THROTTLE = "pult.login_throttle"


@bp.record
def _remember_tries(state: BlueprintSetupState) -> None:
    state.app.extensions[THROTTLE] = Throttle(TRIES, WINDOW_S)


@bp.get("/login")
@public
def login_page() -> ResponseReturnValue:
    """The form; whoever is logged in already goes on to where they wanted."""
    if current_user() is not None:
        return redirect(local_path(request.args.get("next", "")), 303)
    return _form(request.args.get("next", ""))


@bp.post("/login")
@public
def log_in() -> ResponseReturnValue:
    """Check e-mail and password, open a session, go where the person wanted."""
    email = people.clean_email(request.form.get("email", ""))
    wanted = request.form.get("next", "")
    caller = (email, client_address())
    wait_s = login_throttle().take(caller)
    if wait_s:
        metrics.LOGINS.add("slowed_down")
        return _form(wanted, email, words.wait(wait_s)), 429, {"Retry-After": str(wait_s)}
    known = people.credentials(reader(), email)
    fits = passwords.fits(known.password if known else "", request.form.get("password", ""))
    if known is None or not fits or not known.enabled:
        metrics.LOGINS.add("wrong")
        write(audit.record, None, "login_failed", "user", known.id if known else "")
        return _form(wanted, email, _("The e-mail or the password is wrong.")), 422
    login_throttle().forgive(caller)
    metrics.LOGINS.add("entered")
    return _enter(known.id, local_path(wanted))


@bp.post("/logout")
@requires("agent")
def log_out() -> ResponseReturnValue:
    """End this session; its tabs close everywhere."""
    write(sessions.revoke, viewer().session_id)
    response = redirect("/login", 303)
    set_cookie(response, cookie_name(), "", 0)
    return response


@bp.get("/setup/<token>")
@public
def setup_page(token: str) -> ResponseReturnValue:
    """The form for the first administrator of an empty installation."""
    _invitation(token, "setup")
    return _setup_form({})


@bp.post("/setup/<token>")
@public
def setup(token: str) -> ResponseReturnValue:
    """Make the first administrator and let them in."""
    _invitation(token, "setup")
    errors = _password_errors()
    if errors:
        return _setup_form(errors), 422
    password = passwords.make(request.form["password"])
    email, name = request.form.get("email", ""), request.form.get("name", "")
    try:
        user_id = write(invites.accept_setup, token, email=email, name=name, password=password, lang=lang())
    except Refused as refused:
        return _setup_form(words.field_errors(refused)), 409 if refused.code == "link_used" else 422
    return _enter(user_id, "/")


@bp.get("/invite/<token>")
@public
def invite_page(token: str) -> ResponseReturnValue:
    """The form in which an invited person chooses a password."""
    return _invite_form(_invitation(token, "user", "password"), {})


@bp.post("/invite/<token>")
@public
def invite(token: str) -> ResponseReturnValue:
    """Keep the password and let the person in."""
    invitation = _invitation(token, "user", "password")
    errors = _password_errors()
    if errors:
        return _invite_form(invitation, errors), 422
    try:
        user_id = write(invites.accept, token, passwords.make(request.form["password"]), lang())
    except Refused as refused:
        return _invite_form(invitation, words.field_errors(refused)), 409
    return _enter(user_id, "/")


def login_throttle() -> Throttle:
    """The tries of this process at guessing passwords."""
    throttle: Throttle = current_app.extensions[THROTTLE]
    return throttle


def _form(wanted: str, email: str = "", error: str = "") -> str:
    return render_template("auth/login.html", next=wanted, email=email, error=error)


def _setup_form(errors: dict[str, str]) -> str:
    return render_template("auth/setup.html", ask_name=True, form=request.form, errors=errors)


def _invite_form(invitation: invites.Invitation, errors: dict[str, str]) -> str:
    return render_template(
        "auth/setup.html",
        heading=_("Welcome, %(name)s", name=invitation.name),
        text=_("Choose a password. You will log in with it as %(email)s.", email=invitation.email),
        ask_name=False,
        email=invitation.email,
        errors=errors,
    )


def _enter(user_id: int, path: str) -> Response:
    """Open a session, instead of the one this browser had."""
    person = current_user()
    old = person.session_id if person else None
    browser = request.user_agent.string
    token = write(_open_session, user_id, client_address(), browser, old)
    response = make_response(redirect(path, 303))
    set_cookie(response, cookie_name(), token, sessions.LIFE_MS // 1000)
    return response


def _open_session(unit: Unit, user_id: int, address: str, browser: str, old: int | None) -> str:
    if old is not None:
        sessions.revoke(unit, old)
    audit.record(unit, user_id, "login", "user", user_id)
    return sessions.start(unit, user_id, address, browser)


def _invitation(token: str, *kinds: str) -> invites.Invitation:
    found = invites.find(reader(), token, now())
    if found is None or found.kind not in kinds:
        abort(404)
    return found


def _password_errors() -> dict[str, str]:
    return words.password_errors(request.form.get("password", ""), request.form.get("again", ""))

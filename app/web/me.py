"""What each person chooses: language, zone, look, password; and where they are logged in."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

from babel.dates import get_timezone, get_timezone_gmt, get_timezone_location
from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.config import LANGUAGES
from app.services import passwords, people, sessions
from app.services.clock import now
from app.web import words
from app.web.auth import login_throttle
from app.web.context import reader, write
from app.web.security import client_address, local_path, requires, viewer

bp = Blueprint("me", __name__)

THEMES = ("", "light", "dark")
LANGUAGE_NAMES = (("ru", "Русский"), ("en", "English"))
# Those of the customers' neighbourhood, west to east; a person's own is added when it is another.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/Kaliningrad",
    "Europe/Minsk",
    "Europe/Moscow",
    "Europe/Samara",
    "Asia/Tbilisi",
    "Asia/Yerevan",
    "Asia/Baku",
    "Asia/Tashkent",
    "Asia/Almaty",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Vladivostok",
    "Asia/Magadan",
    "Asia/Kamchatka",
)


@bp.get("/me")
@requires("agent")
def profile() -> ResponseReturnValue:
    """My own choices."""
    return _page({})


@bp.post("/me")
@requires("agent")
def save() -> ResponseReturnValue:
    """Keep language, time zone and look together."""
    timezone = request.form.get("timezone", "")
    if timezone not in available_timezones():
        return _page({"timezone": _("There is no such time zone.")}), 422
    write(people.choose, viewer().id, timezone=timezone, lang=_lang(), theme=_theme())
    return redirect("/me", 303)


@bp.post("/me/lang")
@requires("agent")
def set_lang() -> ResponseReturnValue:
    """Change the language and stay on the page."""
    write(people.choose, viewer().id, lang=_lang())
    return _back()


@bp.post("/me/theme")
@requires("agent")
def set_theme() -> ResponseReturnValue:
    """Change light and dark and stay on the page."""
    write(people.choose, viewer().id, theme=_theme())
    return _back()


@bp.post("/me/timezone")
@requires("agent")
def set_timezone() -> ResponseReturnValue:
    """Change the time zone and stay on the page."""
    timezone = request.form.get("timezone", "")
    if timezone not in available_timezones():
        return _page({"timezone": _("There is no such time zone.")}), 422
    write(people.choose, viewer().id, timezone=timezone)
    return _back()


@bp.post("/me/password")
@requires("agent")
def change_password() -> ResponseReturnValue:
    """Change the password; every other log-in of mine ends."""
    me = viewer()
    caller = (me.email, client_address())
    wait_s = login_throttle().take(caller)
    if wait_s:
        return _page({"current": words.wait(wait_s)}), 429, {"Retry-After": str(wait_s)}
    known = people.credentials(reader(), me.email)
    if known is None or not passwords.fits(known.password, request.form.get("current", "")):
        return _page({"current": _("This is not your password.")}), 422
    login_throttle().forgive(caller)
    password = request.form.get("password", "")
    errors = words.password_errors(password, request.form.get("again", ""))
    if errors:
        return _page(errors), 422
    write(people.set_password, me.id, me.id, passwords.make(password), keep=me.session_id)
    return redirect("/me?saved=password", 303)


@bp.post("/me/sessions/revoke")
@requires("agent")
def sign_out_elsewhere() -> ResponseReturnValue:
    """End every log-in of mine but this one."""
    me = viewer()
    write(sessions.revoke_all, me.id, keep=me.session_id)
    return redirect("/me?saved=sessions", 303)


def _page(errors: dict[str, str]) -> str:
    me = viewer()
    said = {
        "password": _("The password is changed; other log-ins have ended."),
        "sessions": _("Every other log-in has ended."),
    }
    return render_template(
        "auth/me.html",
        errors=errors,
        languages=LANGUAGE_NAMES,
        zones=_zones(me.timezone),
        sessions=sessions.of_user(reader(), me.id, now()),
        saved=said.get(request.args.get("saved", "")),
    )


def _lang() -> str:
    lang = request.form.get("lang", "")
    return lang if lang in LANGUAGES else viewer().lang


def _theme() -> str:
    theme = request.form.get("theme", "")
    return theme if theme in THEMES else ""


def _zones(own: str) -> list[tuple[str, str]]:
    """Zone names with their offset and city as the person calls it: "UTC+03:00 Москва"."""
    names = ZONES if own in ZONES else (own, *ZONES)
    at = datetime.now(UTC)
    return [(name, _zone_label(name, at)) for name in names]


def _zone_label(name: str, at: datetime) -> str:
    local = at.astimezone(get_timezone(name))
    offset = get_timezone_gmt(local, locale="en").replace("GMT", "UTC")
    city = get_timezone_location(name, locale=get_locale(), return_city=True)
    return f"{offset} {city}"


def _back() -> ResponseReturnValue:
    return redirect(local_path(request.form.get("next", "/me")), 303)

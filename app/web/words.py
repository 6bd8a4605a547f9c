"""Codes of the services about people, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from app.services.passwords import LONGEST, SHORTEST, is_good
from app.services.people import Refused


def field_errors(refused: Refused) -> dict[str, str]:
    """The field of a form that a refusal is about, with a sentence; "" is the form as a whole."""
    said = {
        "bad_email": ("email", _("This does not look like an e-mail.")),
        "email_taken": ("email", _("Somebody has this e-mail already.")),
        "no_name": ("name", _("A name is needed.")),
        "bad_role": ("role", _("There is no such role.")),
        "last_admin": ("", _("This is the last administrator: make another one first.")),
        "unknown": ("", _("There is no such person, or they are disabled.")),
        "link_used": ("", _("This link was used already or is too old. Ask for a new one.")),
    }
    field, sentence = said[refused.code]
    return {field: sentence}


def password_errors(password: str, again: str) -> dict[str, str]:
    """What is wrong with a form's new password and its repetition, by field."""
    if not is_good(password):
        rule = _("A password has %(least)s to %(most)s characters.", least=SHORTEST, most=LONGEST)
        return {"password": rule}
    return {} if password == again else {"again": _("The two passwords differ.")}


def wait(seconds: int) -> str:
    """How long somebody who tried too often has to wait."""
    return str(_("Too many tries. Wait %(n)s min, then try again.", n=-(-seconds // 60)))

"""Codes of the contacts' services in words: the field they are about, and a sentence."""

from __future__ import annotations

from flask_babel import gettext as _

from app.services.contacts import ContactError


def field_errors(error: ContactError) -> dict[str, str]:
    """The field of the form that is wrong, with what to do."""
    said = {
        "not_a_number": ("phone", _("This does not look like an outside number.")),
        "number_taken": ("phone", _("This number belongs to another contact.")),
        "too_long": ("name", _("A name and a company have at most 200 characters.")),
        "nobody": ("responsible_id", _("This person cannot be responsible: they are disabled.")),
        "same_contact": ("merge", _("This is the same contact.")),
        "not_found": ("merge", _("There is no such contact.")),
    }
    field, sentence = said[error.code]
    return {field: str(sentence)}


def routing_reason(code: str) -> str:
    """Why the PBX would be answered so (codes of services.routing)."""
    said = {
        "withheld": _("The number is withheld: nothing is looked up."),
        "internal": _("This is an internal number: nothing is looked up."),
        "not_a_number": _("This does not look like an outside number."),
        "switched_off": _("Answers are switched off above."),
        "unknown": _("No contact has this number."),
        "nobody_responsible": _("Nobody is responsible for this contact."),
        "person_disabled": _("The responsible person is disabled."),
        "not_mapped": _("The responsible person has no user of the PBX."),
        "account_disabled": _("The responsible person's user has left the PBX."),
        "routed": _("The contact is known, and the responsible person has a user of the PBX."),
    }
    return str(said[code])

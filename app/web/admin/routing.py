"""What happens by itself: the answers to the PBX, and the scenarios of the specification, section 4.3."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.services import audit, ownership, routing, settings
from app.services.writer import Unit
from app.web.contact_words import routing_reason
from app.web.context import reader, write
from app.web.security import requires, viewer

bp = Blueprint("admin_routing", __name__, url_prefix="/admin/routing")

SWITCHES = ("answer_contact", "missed_makes_contact", "outgoing_makes_contact", "keep_unmapped")
# The person a switch needs while it is on.
PEOPLE = {"senior_user": "missed_makes_contact", "default_user": "keep_unmapped"}


@bp.get("")
@requires("admin")
def page() -> ResponseReturnValue:
    """The switches, and a rehearsal of the answer for a number."""
    return _page(settings.get_all(reader()))


@bp.post("")
@requires("admin")
def save() -> ResponseReturnValue:
    """Keep all switches at once; one that needs a person is refused without."""
    rules = _asked()
    errors = _errors(rules)
    if errors:
        return _page(rules, errors), 422
    write(_keep, viewer().id, rules)
    return redirect("/admin/routing?saved=1", 303)


def _asked() -> dict[str, Any]:
    rules: dict[str, Any] = {name: request.form.get(name) == "1" for name in SWITCHES}
    for name in PEOPLE:
        chosen = request.form.get(name, "")
        rules[name] = int(chosen) if re.fullmatch(r"[0-9]{1,9}", chosen) else None
    return rules


def _errors(rules: dict[str, Any]) -> dict[str, str]:
    said = {}
    for name, switch in PEOPLE.items():
        if rules[switch] and not ownership.is_enabled(reader(), rules[name]):
            said[name] = str(_("Choose somebody who may log in."))
    return said


def _keep(unit: Unit, by: int, rules: dict[str, Any]) -> None:
    stored = settings.get_all(unit.conn)
    changed = {name: value for name, value in rules.items() if value != stored[name]}
    for name, value in changed.items():
        settings.put(unit, name, value)
    if changed:
        audit.record(unit, by, "rules.changed", "settings", "", json.dumps(changed, sort_keys=True))


def _page(rules: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    number = request.args.get("number", "")
    tried = routing.rehearse(reader(), number) if number else None
    return render_template(
        "admin/routing.html",
        rules=rules,
        people=[tuple(person) for person in ownership.enabled_people(reader())],
        errors=errors or {},
        gone=[name for name in PEOPLE if _is_gone(rules, name)],
        saved="saved" in request.args,
        number=number,
        tried=tried,
        answer=json.dumps(tried.answer, ensure_ascii=False) if tried else "",
        reason=routing_reason(tried.reason) if tried else "",
    )


def _is_gone(rules: dict[str, Any], name: str) -> bool:
    """Whether a switch is on and the person it needs may not log in any more."""
    stored = settings.get_all(reader())
    needed = rules[PEOPLE[name]] and stored[PEOPLE[name]]
    return bool(needed) and not ownership.is_enabled(reader(), stored[name])

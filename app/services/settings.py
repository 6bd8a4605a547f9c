"""The admin's switches, kept as JSON in the table `setting`."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from app.models import Setting
from app.services.changes import Change
from app.services.upsert import upsert
from app.services.writer import Unit

DEFAULTS: dict[str, Any] = {
    # The PBX routes to the responsible person and shows the contact's name (specification 4.1.3).
    "answer_contact": True,
    # The three scenarios of the specification, section 4.3. People are ids of users.
    "missed_makes_contact": False,
    "senior_user": None,
    "outgoing_makes_contact": False,
    "keep_unmapped": False,
    "default_user": None,
    "company": "",
}


def get(conn: Connection, name: str) -> Any:
    """The value of one switch, or its default. Raises KeyError for a name that is not a switch."""
    default = DEFAULTS[name]
    stored = conn.execute(select(Setting.value).where(Setting.name == name)).scalar()
    return default if stored is None else json.loads(stored)


def get_all(conn: Connection) -> dict[str, Any]:
    """All switches by name."""
    stored = {name: json.loads(value) for name, value in conn.execute(select(Setting.name, Setting.value))}
    return {name: stored.get(name, default) for name, default in DEFAULTS.items()}


def put(unit: Unit, name: str, value: Any) -> None:
    """Set one switch. Raises KeyError for a name that is not a switch."""
    if name not in DEFAULTS:
        raise KeyError(name)
    upsert(unit.conn, Setting, {"name": name}, {"value": json.dumps(value, ensure_ascii=False)})
    unit.changes.append(Change("settings", 0))

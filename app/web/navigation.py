"""The rooms a role may enter, as the page's navigation shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask, current_app, request
from flask_babel import LazyString, lazy_gettext, lazy_pgettext

# Roles include each other: whoever stands later in this line sees what the earlier ones see.
ROLES = ("agent", "supervisor", "admin")


class Room(NamedTuple):
    """One line of the table: who sees the link, where it leads, and how it looks."""

    role: str
    path: str
    label: LazyString
    icon: str
    badge_id: str = ""
    main: bool = False  # stays in the bar of a phone, where only a few have room


@dataclass(frozen=True)
class Item:
    """A link of the navigation."""

    url: str
    label: LazyString
    icon: str
    badge_id: str
    main: bool
    current: bool


Section = tuple[LazyString | None, list[Item]]

ROOMS: tuple[tuple[LazyString | None, tuple[Room, ...]], ...] = (
    (
        None,
        (
            Room("agent", "/desk", lazy_gettext("Desk"), "phone", main=True),
            Room(
                "agent", "/missed", lazy_pgettext("room", "Missed"), "phone-missed", "missed-count", main=True
            ),
            Room("agent", "/contacts", lazy_gettext("Contacts"), "users", main=True),
            Room("agent", "/calls", lazy_pgettext("room", "Calls"), "history", main=True),
        ),
    ),
    (
        lazy_gettext("Shift"),
        (
            Room("supervisor", "/wallboard", lazy_gettext("Wallboard"), "layout-dashboard", main=True),
            Room("supervisor", "/stats", lazy_gettext("Statistics"), "chart-column"),
        ),
    ),
    (
        lazy_gettext("Settings"),
        (
            Room("admin", "/admin/setup", lazy_gettext("Connection"), "plug"),
            Room("admin", "/admin/accounts", lazy_gettext("PBX users"), "user-check"),
            Room("admin", "/admin/users", lazy_gettext("People"), "users"),
            Room("admin", "/admin/numbers", lazy_gettext("Our numbers"), "hash"),
            Room("admin", "/admin/routing", lazy_gettext("Rules"), "route"),
            Room("admin", "/admin/inbox", lazy_gettext("Inbox"), "inbox"),
            Room("admin", "/admin/audit", lazy_gettext("Audit"), "shield-check"),
            Room("admin", "/admin/retention", lazy_gettext("Retention"), "archive"),
        ),
    ),
)


def nav_items(role: str) -> list[Section]:
    """The sections of rooms this role may enter and this installation has, the current one marked."""
    allowed = ROLES[: ROLES.index(role) + 1]
    known = {rule.rule for rule in current_app.url_map.iter_rules()}
    sections: list[Section] = []
    for title, rooms in ROOMS:
        items = [_item(room) for room in rooms if room.role in allowed and room.path in known]
        if items:
            sections.append((title, items))
    return sections


def init_app(app: Flask) -> None:
    """Give `nav_items` to every template."""
    app.add_template_global(nav_items)


def _item(room: Room) -> Item:
    here = request.path == room.path or request.path.startswith(room.path + "/")
    return Item(room.path, room.label, room.icon, room.badge_id, room.main, here)

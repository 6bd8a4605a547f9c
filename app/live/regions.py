"""Fragments of live pages: rendered here for the first page and for every frame alike.

A fragment reads only its arguments. It may be rendered while the PBX's request is served, so nothing here
knows a viewer: language and zone are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup
from sqlalchemy import Connection

from app.live.frames import encode
from app.services import live_calls
from app.services.live_calls import LiveCall, LiveLeg

FIRST_SEEN = (
    "macros/ui.html",
    "macros/call.html",
    "desk/_screen_pop.html",
    "desk/_notice.html",
    "desk/_today.html",
    "desk/_today_row.html",
    "wallboard/_call.html",
    "wallboard/_calls.html",
    "calls/_stale.html",
)


class Audience(NamedTuple):
    """Those who read the same words and clocks."""

    lang: str
    zone: str


class Renderer:
    """Renders fragments outside of any request."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def load(self) -> None:
        """Compile what the first call would have to wait for."""
        for template in FIRST_SEEN:
            self._app.jinja_env.get_template(template)

    def html(self, template: str, audience: Audience, **values: Any) -> str:
        """The fragment for one audience."""
        with self._app.app_context(), force_locale(audience.lang):
            return self._app.jinja_env.get_template(template).render(zone=audience.zone, **values).strip()


def swap(how: str, html: str) -> bytes:
    """A frame whose one root element htmx swaps `how` it says, for example `afterbegin:#pops`."""
    return encode(f'<div hx-swap-oob="{how}">{html}</div>')


def replace(html: str, how: str) -> bytes:
    """A frame that replaces an element by its new self; `how` names it, for example `outerHTML:#today`."""
    opening, rest = html.split(" ", 1)
    return encode(f'{opening} hx-swap-oob="{how}" {rest}')


def remove(selector: str, callid: str) -> bytes:
    """A frame that takes an element away."""
    root = Markup('<div hx-swap-oob="delete:{}" data-callid="{}"></div>')
    return encode(str(root.format(selector, callid)))


def pop_leg(call: LiveCall, user_id: int) -> LiveLeg | None:
    """The leg that puts this call on a person's screen now, None when the call is not to be seen there."""
    mine = {leg.state: leg for leg in call.legs if leg.user_id == user_id}
    if (talk := mine.get("talking")) is not None:
        return talk
    ring = mine.get("ringing")
    if ring is None or (call.direction == "in" and not call.pops):
        return None
    # The others' phones of a group may go on ringing for a moment after one is lifted. A phone that began
    # to ring later is a hand-over, and that person must see it.
    taken = any(leg.state == "talking" and leg.since_at >= ring.since_at for leg in call.legs)
    return None if taken else ring


def pop_values(conn: Connection, call: LiveCall, user_id: int) -> Mapping[str, Any] | None:
    """What `_screen_pop.html` reads, for one person; None when the call is not on their screen."""
    mine = pop_leg(call, user_id)
    if mine is None:
        return None
    brief = live_calls.brief(conn, call)
    return {
        "id": call.id,
        "callid": call.callid,
        "state": mine.state,
        "direction": call.direction,
        "number": call.number,
        "name": call.name,
        "company": call.company,
        "contact_id": call.contact_id,
        "via_number": call.via_number,
        "via_label": call.via_label,
        "since_at": mine.since_at,
        "responsible": call.responsible,
        "calls_before": brief.calls_before,
        "last_talks": brief.last_talks,
        "note": brief.note,
    }

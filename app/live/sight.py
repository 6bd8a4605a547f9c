"""What one person sees of a call that lives: on whose screen it stands, and what the card says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from app.live.rendering import Audience, Renderer
from app.services import live_calls
from app.services.live_calls import LiveCall, LiveLeg

TEMPLATE = "desk/_screen_pop.html"


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


class Sight:
    """One call as it stands. What its cards share is read and drawn once, however many phones ring."""

    def __init__(self, conn: Connection, call: LiveCall) -> None:
        self._conn = conn
        self._call = call
        self._drawn: dict[tuple[Audience, str, int], str] = {}

    def values(self, user_id: int) -> Mapping[str, Any] | None:
        """What `_screen_pop.html` reads, for one person; None when the call is not on their screen."""
        mine = pop_leg(self._call, user_id)
        if mine is None:
            return None
        return {**self._shared, "state": mine.state, "since_at": mine.since_at}

    def html(self, renderer: Renderer, audience: Audience, values: Mapping[str, Any]) -> str:
        """The card that says these values."""
        alike = (audience, values["state"], values["since_at"])
        if alike not in self._drawn:
            self._drawn[alike] = renderer.html(TEMPLATE, audience, pop=values)
        return self._drawn[alike]

    @cached_property
    def _shared(self) -> Mapping[str, Any]:
        call = self._call
        brief = live_calls.brief(self._conn, call)
        return {
            "id": call.id,
            "callid": call.callid,
            "direction": call.direction,
            "number": call.number,
            "name": call.name,
            "company": call.company,
            "contact_id": call.contact_id,
            "via_number": call.via_number,
            "via_label": call.via_label,
            "responsible": call.responsible,
            "calls_before": brief.calls_before,
            "last_talks": brief.last_talks,
            "note": brief.note,
        }


def pop_values(conn: Connection, call: LiveCall, user_id: int) -> Mapping[str, Any] | None:
    """What `_screen_pop.html` reads, for the page of one person."""
    return Sight(conn, call).values(user_id)

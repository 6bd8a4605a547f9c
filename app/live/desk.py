"""The desk's own regions besides the screen pops: dials under way, and today's calls of the person."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace as changed
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.live.frames import encode
from app.live.hub import Hub
from app.live.pops import Pops, topic
from app.live.regions import replace
from app.live.rendering import Audience, Renderer
from app.models import LIVE
from app.services import desk, dialing, ownership
from app.services.clock import now
from app.services.desk import Today, TodayRow
from app.services.live_calls import LiveCall

LIST_EVERY_S = 0.05  # a list costs as much as ten screen pops


def today(conn: Connection, user_id: int, zone: str) -> Today:
    """A person's calls today, on their own clock, each missed one with an intent to call back."""
    since = desk.midnight(now(), ZoneInfo(zone))
    found = desk.today(conn, ownership.account_ids_of(conn, user_id), since)
    return changed(found, rows=[_with_intent(row) for row in found.rows])


def _with_intent(row: TodayRow) -> TodayRow:
    """A missed call that can be called back gets a dial of its own: a repeat of it dials once."""
    callable_back = row.outcome == "missed" and row.number and row.direction != "internal"
    return changed(row, intent=str(uuid.uuid4())) if callable_back else row


class DeskRegions:
    """Brings what is not a screen pop to a person's tabs."""

    def __init__(self, hub: Hub, renderer: Renderer, pops: Pops) -> None:
        self._hub = hub
        self._renderer = renderer
        self._pops = pops
        self._ended: dict[int, None] = {}  # people whose calls have ended since their list was drawn
        self._next_at = 0.0

    def show_dial(self, conn: Connection, dial_id: int) -> None:
        """How a dial stands, on the screens of the one who dialled."""
        dial = dialing.read(conn, dial_id)
        audience = self._pops.audience(dial.user_id)
        if audience is not None:
            html = self._renderer.html("desk/_dial_state.html", audience, dial=dial, oob="true")
            self._hub.send(topic(dial.user_id), [encode(html)])

    def note_ended(self, call: LiveCall) -> None:
        """A call that has ended joins today's calls of everybody whose phone it rang, a moment later."""
        if call.outcome not in LIVE:
            self._ended |= dict.fromkeys(leg.user_id for leg in call.legs if leg.user_id is not None)

    def wait_s(self) -> float | None:
        """How long until the next list may be drawn; None when none is to be."""
        return max(0.0, self._next_at - time.monotonic()) if self._ended else None

    def show_ended(self, conn: Connection) -> None:
        """Draw today's calls of one person who was noted. A list may wait, a ringing call may not."""
        user_id = next(iter(self._ended))
        del self._ended[user_id]
        audience = self._pops.audience(user_id)
        if audience is None:
            return
        self._next_at = time.monotonic() + LIST_EVERY_S
        values = today(conn, user_id, audience.zone)
        html = self._renderer.html("desk/_today.html", audience, today=values)
        self._hub.send(topic(user_id), [replace(html, "outerHTML:#today"), stale(self._renderer, audience)])


def stale(renderer: Renderer, audience: Audience) -> bytes:
    """Tells a page of the log, whose filters nobody knows here, that there are newer calls."""
    return encode(renderer.html("calls/_stale.html", audience))

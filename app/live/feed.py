"""The banner that says that the PBX has fallen silent: on every page, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.live.hub import Hub
from app.live.regions import replace
from app.live.rendering import Audience, Renderer
from app.services.pulse import Beat, Pulse

PREFIX = "feed:"
TEMPLATE = "macros/_feed.html"


def topic(audience: Audience, *, admin: bool) -> str:
    """What all tabs watch whose banner reads alike; admins read more."""
    return f"{PREFIX}{audience.lang}:{audience.zone}:{'admin' if admin else 'staff'}"


class FeedBanner:
    """Brings the banner to the tabs that are open."""

    def __init__(self, hub: Hub, renderer: Renderer, pulse: Pulse) -> None:
        self._hub = hub
        self._renderer = renderer
        self._pulse = pulse
        self._drawn: dict[str, tuple[Beat, bytes]] = {}  # by topic: what was said last, and how

    def welcome(self, topics: Iterable[str]) -> list[bytes]:
        """The banner as it stands, for a tab that is new."""
        return [self._frame(name) for name in topics if name.startswith(PREFIX)]

    def show(self, _conn: Connection, _id: int) -> None:
        """Send it to everybody, each in their words."""
        for name in self._hub.topics():
            if name.startswith(PREFIX):
                self._hub.send(name, [self._frame(name)])

    def _frame(self, name: str) -> bytes:
        beat = self._pulse.beat
        if name not in self._drawn or self._drawn[name][0] != beat:
            lang, zone, role = name.removeprefix(PREFIX).split(":")
            html = self._renderer.html(TEMPLATE, Audience(lang, zone), beat=beat, admin=role == "admin")
            self._drawn[name] = (beat, replace(html, "outerHTML:#feed"))
        return self._drawn[name][1]

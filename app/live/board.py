"""The wallboard's regions: sent at once, then at most once per `coalesce` for all that changed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.config import LANGUAGES
from app.live.figures import Figures
from app.live.frames import encode
from app.live.hub import Hub
from app.live.regions import remove, replace, swap
from app.live.rendering import Audience, Renderer
from app.models import LIVE
from app.services import live_calls
from app.services.live_calls import LiveCall

CALLS_SHOWN = 50
CALLS_KNOWN = 1000
FIGURES_EVERY_S = 0.25
FIGURES_AFTER_S = 0.06  # while they are counted a row on its way to thousands of tabs shares its core
FIGURES_ALONE_S = 0.15  # after that they go without a row: two rounds to thousands of tabs cost twice
STALE_EVERY_S = 2.0

Changed = Mapping[int, LiveCall | None]


def topic(lang: str) -> str:
    """What the wallboards in one language watch; their clocks run in the page, so the zone is no matter."""
    return f"board:{lang}"


class Board:
    """All calls now, for everybody who may see them."""

    def __init__(self, hub: Hub, renderer: Renderer, zone: ZoneInfo, coalesce_ms: int) -> None:
        self._hub = hub
        self._renderer = renderer
        self._coalesce_s = coalesce_ms / 1000
        self._calls: dict[int, LiveCall] | None = None  # None: nobody watches, nothing is known
        self._drawn: dict[str, bytes] = {}  # the whole list in each language, until a call changes
        self._pending: dict[int, LiveCall | None] = {}  # calls that have changed, as they stand now
        self._figures = Figures(renderer, zone)
        # Counting costs more than a row, and nobody reads four figures a second.
        self._figures_s = max(self._coalesce_s, FIGURES_EVERY_S)
        self._figures_wait = False
        self._ready: dict[str, list[bytes]] = {}  # figures that go with the next row, or alone in a moment
        self._next_at = self._stale_at = self._figures_at = self._alone_at = 0.0

    def languages(self) -> list[str]:
        """The languages in which somebody watches."""
        return [lang for lang in LANGUAGES if self._hub.watched(topic(lang))]

    def note(self, call_id: int, call: LiveCall | None) -> None:
        """A call stands as `call` now, or is no more; the next flush shows it."""
        if self._calls is not None:
            self._pending[call_id] = call

    def wait_s(self) -> float | None:
        """How long the publisher may sleep before `flush` is due; None when nothing is pending."""
        at = time.monotonic()
        waits = [self._next_at - at] if self._pending else []
        waits += [self._figures_at - at] if self._figures_wait else []
        waits += [self._alone_at - at] if self._ready else []
        hours = self._figures.wait_s()
        waits += [max(hours, self._figures_at - at)] if hours is not None else []
        return max(0.0, min(waits)) if waits else None

    def welcome(self, conn: Connection, lang: str) -> list[bytes]:
        """The regions as they stand, for a tab that is new."""
        if self._calls is None:
            self._calls = {call.id: call for call in live_calls.now(conn, CALLS_KNOWN)}
            self._drawn.clear()
            self._figures.forget()
        return [self._whole(lang), *self._figures.welcome(conn, lang)]

    def flush(self, conn: Connection) -> None:
        """Send what is due: the calls that changed, then the figures that follow from them."""
        languages = self.languages()
        if not languages or self._calls is None:
            self._calls = None
            self._pending.clear()
            self._ready.clear()
            self._figures_wait = False
            self._figures.forget()
            return
        at = time.monotonic()
        if self._pending and at >= self._next_at:
            self._flush_calls(languages)
        if at >= self._figures_at and (self._figures_wait or self._figures.wait_s() == 0.0):
            self._figures_at, self._figures_wait = at + self._figures_s, False
            self._count(conn, languages)
        if self._ready and time.monotonic() >= self._alone_at:
            ready, self._ready = self._ready, {}
            for lang, frames in ready.items():
                self._hub.send(topic(lang), frames)

    def _count(self, conn: Connection, languages: list[str]) -> None:
        """Get the figures ready. Those that have not left yet go before the newer ones."""
        for lang, frames in self._figures.changes(conn, languages).items():
            if frames:
                self._ready.setdefault(lang, []).extend(frames)
                self._alone_at = time.monotonic() + FIGURES_ALONE_S

    def _flush_calls(self, languages: list[str]) -> None:
        """One row when it was one call that changed, else the whole list."""
        pending, self._pending = self._pending, {}
        self._next_at = time.monotonic() + self._coalesce_s
        self._drawn.clear()
        if not self._figures_wait:
            self._figures_wait = True
            self._figures_at = max(self._figures_at, time.monotonic() + FIGURES_AFTER_S)
        frames = self._call_frames(pending, languages)
        stale = self._stale_frames(pending, languages)
        for lang in languages:
            self._hub.send(topic(lang), frames[lang] + stale.get(lang, []) + self._ready.pop(lang, []))

    def _stale_frames(self, pending: Changed, languages: list[str]) -> dict[str, list[bytes]]:
        """When a call has ended, pages of the log are told so, now and then."""
        assert self._calls is not None
        at = time.monotonic()
        if at < self._stale_at or pending.keys() <= self._calls.keys():
            return {}
        self._stale_at = at + STALE_EVERY_S
        template = "calls/_stale.html"
        return {lang: [encode(self._renderer.html(template, Audience(lang, "")))] for lang in languages}

    def _call_frames(self, pending: Changed, languages: list[str]) -> dict[str, list[bytes]]:
        assert self._calls is not None
        changes = []
        for call_id, call in pending.items():
            before = self._calls.get(call_id)
            if call is not None and call.outcome in LIVE:
                self._calls[call_id] = call
                changes.append((call, "new" if before is None else "changed"))
            elif before is not None:
                del self._calls[call_id]
                changes.append((before, "gone"))
        # Without coalescing every change is sent by itself, however many there are.
        if self._coalesce_s and (len(changes) > 1 or len(self._calls) > CALLS_SHOWN):
            return {lang: [self._whole(lang)] for lang in languages}
        return {lang: [self._row(call, how, lang) for call, how in changes] for lang in languages}

    def _row(self, call: LiveCall, how: str, lang: str) -> bytes:
        place = f"#call-list #call-{call.id}"
        if how == "gone":
            return remove(place, call.callid)
        html = self._renderer.html("wallboard/_call.html", Audience(lang, ""), call=call)
        return swap("beforeend:#call-list", html) if how == "new" else replace(html, f"outerHTML:{place}")

    def _whole(self, lang: str) -> bytes:
        if lang not in self._drawn:
            self._drawn[lang] = self._draw_whole(lang)
        return self._drawn[lang]

    def _draw_whole(self, lang: str) -> bytes:
        assert self._calls is not None
        shown = live_calls.foremost(self._calls.values(), CALLS_SHOWN)
        more = len(self._calls) - len(shown)
        html = self._renderer.html("wallboard/_calls.html", Audience(lang, ""), calls=shown, more=more)
        return replace(html, "outerHTML:#calls")

"""The wallboard's figures: counts, people and hours, each sent only when it reads differently from before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.live.chart import Column, columns
from app.live.regions import replace
from app.live.rendering import Audience, Renderer
from app.services import wallboard
from app.services.clock import now
from app.services.wallboard import Person

PEOPLE_APART = 12  # when fewer have changed, each is sent alone: a list of 200 has 30 KB
HOURS_EVERY_S = 10.0  # a column grows by a hair with each call: nobody needs that at once


class Figures:
    """What was drawn last in each language, and what differs now."""

    def __init__(self, renderer: Renderer, zone: ZoneInfo) -> None:
        self._renderer = renderer
        self._zone = zone
        # (language, region) → what it says, and how it is drawn, empty until somebody asks
        self._drawn: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
        self._columns: list[Column] = []
        self._hours_at = 0.0  # when the hours may be counted again
        self._hours_wait = False  # something has changed since they were counted

    def forget(self) -> None:
        """Nobody watches any more."""
        self._drawn.clear()
        self._hours_at, self._hours_wait = 0.0, False

    def wait_s(self) -> float | None:
        """How long until the hours are to be counted again; None when nothing has changed since."""
        return max(0.0, self._hours_at - time.monotonic()) if self._hours_wait else None

    def welcome(self, conn: Connection, lang: str) -> list[bytes]:
        """The regions as they stand, for a tab that is new."""
        if not any(drawn_in == lang for drawn_in, _ in self._drawn):
            self.changes(conn, [lang])
        return [_frame(region, self._whole(to, region)) for to, region in list(self._drawn) if to == lang]

    def changes(self, conn: Connection, languages: Iterable[str]) -> dict[str, list[bytes]]:
        """Frames by language for the regions that read differently by now."""
        self._count_hours(conn)
        people = wallboard.people(conn)
        counts = wallboard.counts(conn, people, self._zone, now())
        frames: dict[str, list[bytes]] = {}
        for lang in languages:
            audience = Audience(lang, "")
            frames[lang] = [
                *self._draw(audience, "counts", {"counts": counts}),
                *self._draw_people(audience, people),
                *self._draw(audience, "hours", {"columns": self._columns}),
            ]
        return frames

    def _draw(self, audience: Audience, region: str, values: dict[str, Any]) -> list[bytes]:
        """A frame for a region that says something else now. Its running seconds are the page's own."""
        key = (audience.lang, region)
        if key in self._drawn and self._drawn[key][0] == values:
            return []
        self._drawn[key] = (values, "")
        return [_frame(region, self._whole(*key))]

    def _draw_people(self, audience: Audience, people: Sequence[Person]) -> list[bytes]:
        """The people whose phones do something else now; the whole list when others stand in it, or many."""
        values = {"people": people, "more": 0}
        before = self._drawn.get((audience.lang, "people"), ({"people": ()}, ""))[0]["people"]
        changed = [person for person, was in zip(people, before, strict=False) if person != was]
        same = [person.id for person in people] == [person.id for person in before]
        if not same or len(changed) > PEOPLE_APART:
            return self._draw(audience, "people", values)
        if changed:
            self._drawn[audience.lang, "people"] = (values, "")
        return [self._person(audience, person) for person in changed]

    def _person(self, audience: Audience, person: Person) -> bytes:
        html = self._renderer.html("wallboard/_person.html", audience, person=person)
        return replace(html, f"outerHTML:#person-{person.id}")

    def _whole(self, lang: str, region: str) -> str:
        """The region as it stands; drawn when it is asked for."""
        values, html = self._drawn[lang, region]
        if not html:
            html = self._renderer.html(f"wallboard/_{region}.html", Audience(lang, ""), **values)
            self._drawn[lang, region] = (values, html)
        return html

    def _count_hours(self, conn: Connection) -> None:
        self._hours_wait = time.monotonic() < self._hours_at
        if not self._hours_wait:
            self._columns = columns(wallboard.hours(conn, self._zone, now()))
            self._hours_at = time.monotonic() + HOURS_EVERY_S


def _frame(region: str, html: str) -> bytes:
    return replace(html, f"outerHTML:#{region}")

"""Screen pops: which call stands on whose screen, and the frames that bring it there and away.

The publisher knows what every tab of a person shows, since it alone writes to them: a tab begins with the
whole region, and every later frame tells the difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.live.frames import encode
from app.live.hub import Hub
from app.live.regions import remove, replace, swap
from app.live.rendering import Audience, Renderer
from app.live.sight import Sight
from app.models import LIVE
from app.services.live_calls import LiveCall

SWEEP_S = 1.0


def topic(user_id: int) -> str:
    """What the tabs of one person watch."""
    return f"user:{user_id}"


class Card(NamedTuple):
    """A call on somebody's screen: what it says, and how that was drawn."""

    values: Mapping[str, Any]
    html: str


class Pops:
    """The cards on the screens of those whose tabs are open."""

    def __init__(self, hub: Hub, renderer: Renderer) -> None:
        self._hub = hub
        self._renderer = renderer
        self._shown: dict[int, dict[int, Card]] = {}  # user → call → the card as it stands
        self._seen_by: dict[int, set[int]] = {}  # call → users whose screens it is on
        self._audiences: dict[int, Audience] = {}
        self._sweep_at = 0.0
        self._rang: dict[int, set[int]] = {}  # live call → those whose card of it has gone

    def users_of(self, call: LiveCall | None, call_id: int) -> set[int]:
        """Those whose screens this call is on, or may come to."""
        users = {leg.user_id for leg in call.legs if leg.user_id is not None} if call else set()
        users |= self._seen_by.get(call_id, set())
        return {user for user in users if user in self._audiences}

    def audience(self, user_id: int) -> Audience | None:
        """The language and zone of a person whose tabs are open; None when no tab is."""
        return self._audiences.get(user_id)

    def keep_watched(self) -> None:
        """Forget the screens of people who have no tab left; looked at now and then, it costs a walk."""
        at = time.monotonic()
        if at < self._sweep_at:
            return
        self._sweep_at = at + SWEEP_S
        for user in [user for user in self._audiences if not self._hub.watched(topic(user))]:
            del self._audiences[user]
            self._clear(user)

    def welcome(self, conn: Connection, user_id: int, audience: Audience, calls: Iterable[LiveCall]) -> bytes:
        """Bring all tabs of a person up to `calls`, and return the region for the tab that is new."""
        if self._audiences.get(user_id) != audience:
            self._clear(user_id)  # another language: the cards are drawn anew
        self._audiences[user_id] = audience
        now = {call.id: call for call in calls}
        for call_id in now.keys() | self._shown.get(user_id, {}).keys():
            call = now.get(call_id)
            self._show(user_id, Sight(conn, call) if call else None, call_id, call.callid if call else "")
        cards = reversed(self._shown.get(user_id, {}).values())
        return swap("innerHTML:#pops", "".join(card.html for card in cards))

    def _clear(self, user_id: int) -> None:
        for call_id in self._shown.pop(user_id, {}):
            self._seen_by.get(call_id, set()).discard(user_id)

    def show(self, conn: Connection, call: LiveCall | None, call_id: int) -> None:
        """Bring every screen that this call concerns up to date."""
        sight = Sight(conn, call) if call else None
        for user_id in self.users_of(call, call_id):
            self._show(user_id, sight, call_id, call.callid if call else "")
        self._tell_who(call, call_id)

    def _show(self, user_id: int, sight: Sight | None, call_id: int, callid: str) -> None:
        cards = self._shown.setdefault(user_id, {})
        audience = self._audiences[user_id]
        values = sight.values(user_id) if sight else None
        before = cards.get(call_id)
        if sight is None or values is None:
            if before is not None:
                del cards[call_id]
                self._seen_by.get(call_id, set()).discard(user_id)
                self._rang.setdefault(call_id, set()).add(user_id)
                gone = remove(f"#pops #call-{call_id}", callid)
                self._hub.send(topic(user_id), [gone])
            return
        # What it says is compared, not its HTML: that holds seconds, which run in the page by themselves.
        if before is not None and before.values == values:
            return
        html = sight.html(self._renderer, audience, values)
        cards[call_id] = Card(values, html)
        self._seen_by.setdefault(call_id, set()).add(user_id)
        place = f"outerHTML:#pops #call-{call_id}"
        frame = swap("afterbegin:#pops", html) if before is None else replace(html, place)
        self._hub.send(topic(user_id), [frame])

    def _tell_who(self, call: LiveCall | None, call_id: int) -> None:
        """Those whose phones rang in vain hear once who took the call.

        The others' CANCELLED may come before the ACCEPTED, so their cards may have gone earlier.
        """
        if call is None or call.outcome not in LIVE:
            self._rang.pop(call_id, None)
            self._seen_by.pop(call_id, None)
        elif call.outcome == "talking" and (taken := call.answered_by) is not None:
            talked = {leg.user_id for leg in call.legs if leg.state == "talking" or leg.result == "answered"}
            for user_id in self._rang.pop(call_id, set()) - talked:
                if (audience := self._audiences.get(user_id)) is not None:
                    self._hub.send(topic(user_id), [self._notice(call, taken.person, audience)])

    def _notice(self, call: LiveCall, person: str, audience: Audience) -> bytes:
        return encode(self._renderer.html("desk/_notice.html", audience, call=call, person=person))

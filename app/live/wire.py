"""The tabs' sockets, as the hub's thread writes and reads them: buffers, deadlines, goodbyes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from errno import EAGAIN
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector

from app.live import frames
from app.live.burst import Burst
from app.live.tab import Refused, Tab, answer
from app.live.watchers import Census, Watchers

TRY_AGAIN_LATER, SESSION_ENDED, OVER_THE_LIMIT = 1013, 4401, 4409
REMEMBERED_S = 60.0  # far longer than a tab stands in the door
PING = frames.encode(b"", frames.PING)


@dataclass(frozen=True, slots=True)
class Timings:
    """How patient the hub is, in seconds. Deadlines are looked at once in `sweep_s`."""

    beat_s: float = 20  # a page that hears nothing for 45 s connects again
    ping_s: float = 25  # of silence, then a ping
    pong_s: float = 10  # of silence after the ping, then the tab is gone
    stall_s: float = 5  # without a byte taken, then the tab is too slow
    close_s: float = 1  # for the other side to answer a close frame
    stop_s: float = 0.2  # for all of them when the process ends
    sweep_s: float = 1


class Wire:
    """All tabs of the hub; only its thread comes here. `now` is the time at which its present turn began."""

    def __init__(
        self, selector: BaseSelector, burst: Burst, census: Census, tabs_per_user: int, timings: Timings
    ) -> None:
        self.watchers = Watchers()
        self.closing: dict[int, Tab] = {}  # a close frame was sent, or waits
        self.late: dict[int, Tab] = {}  # something waits to be written
        self.ended: dict[int, float] = {}  # sessions that have ended, and when
        self.dropped_slow = 0
        self.now = 0.0
        self._selector = selector
        self._burst = burst
        self.batch = burst.batch  # tabs that are written to before the hub looks around again
        self._census = census
        self._tabs_per_user = tabs_per_user
        self._timings = timings

    def adopt(self, tab: Tab) -> None:
        """Take a tab in; of a user's too many tabs the oldest goes."""
        tab.heard_at = self.now
        tab.beat_at = self.now + self._timings.beat_s * (tab.id % 20 + 1) / 20  # not all in one moment
        self.watchers.add(tab)
        try:
            self._selector.register(tab.sock, EVENT_READ, tab)
        except OSError:  # the system watches no more sockets for us
            self._leave(tab)
            tab.sock.close()
            return
        mine = self.watchers.users[tab.user]
        if len(mine) > self._tabs_per_user:
            self.close(frames.close(OVER_THE_LIMIT), mine[0])
        if tab.session in self.ended:  # it stood in the door meanwhile
            self.close(frames.close(SESSION_ENDED), tab)

    def subscribe(self, tab_id: int, topics: frozenset[str]) -> None:
        """Let a tab get what is sent to these topics from here on."""
        tab = self.watchers.tabs.get(tab_id)
        if tab is None:
            self._census.unwatch(topics)
        elif tab.subscribed:
            self._census.unwatch(topics & tab.subscribed)
            self.watchers.subscribe(tab, topics - tab.subscribed)
        else:
            self.watchers.subscribe(tab, topics)

    def write(self, data: bytes, count: int, tabs: Iterable[Tab]) -> None:
        """Write `count` whole frames to each tab, in one call where its socket takes them."""
        ready, slow = [], []
        for tab in tabs:
            if tab.out is None:
                ready.append(tab)
            elif not tab.keep(data, 0, count):
                slow.append(tab)
        taken = self._burst.write([tab.sock.fileno() for tab in ready], data)
        late = [(tab, sent) for tab, sent in zip(ready, taken, strict=True) if sent != len(data)]
        for tab, sent in late:
            if sent < 0 and sent != -EAGAIN:
                self.forget(tab)
                continue
            self._wait_for(tab)
            if not tab.keep(data, max(0, sent), count):
                slow.append(tab)
        self._drop_slow(slow)

    def flush(self, tab: Tab) -> None:
        """Go on with what waits; the socket takes bytes again."""
        try:
            if tab.flush():
                tab.moved_at = self.now
        except OSError:
            self.forget(tab)
            return
        if tab.out is None:
            self.late.pop(tab.id, None)
            if tab.answered:
                self.forget(tab)
            else:
                self._selector.modify(tab.sock, EVENT_READ, tab)

    def hear(self, tab: Tab) -> None:
        """Read what a tab says, and answer it."""
        try:
            received = tab.receive()
        except Refused as refused:
            self.close(frames.close(refused.code), tab)
            return
        except OSError:
            self.forget(tab)
            return
        tab.heard_at = self.now
        tab.pinged_at = 0.0
        for frame in received:
            self._respond(tab, frame)

    def close(self, frame: bytes, *tabs: Tab) -> None:
        """Say goodbye after the frame under way, and wait a little for the answer."""
        leaving = [tab for tab in tabs if self._leave(tab)]
        if not leaving:
            return
        for tab in leaving:
            tab.close_by = self.now + self._timings.close_s
            self.closing[tab.id] = tab
            tab.cut()
        self.write(frame, 1, leaving)
        for tab in leaving:
            if tab.answered and tab.out is None:
                self.forget(tab)

    def sweep(self) -> None:
        """Look at every deadline; that costs less than keeping them in order."""
        now, timings = self.now, self._timings
        for tab in [tab for tab in self.closing.values() if now >= tab.close_by]:
            self.forget(tab)
        self.ended = {session: at for session, at in self.ended.items() if now - at < REMEMBERED_S}
        silent, pinged, beaten = [], [], []
        for tab in self.watchers.tabs.values():
            if tab.out is not None:
                continue
            if tab.pinged_at and now - tab.pinged_at >= timings.pong_s:
                silent.append(tab)
            elif not tab.pinged_at and now - tab.heard_at >= timings.ping_s:
                tab.pinged_at = now
                pinged.append(tab)
            if now >= tab.beat_at:
                tab.beat_at = now + timings.beat_s
                beaten.append(tab)
        for tab in silent:
            self.forget(tab)
        self._drop_slow([tab for tab in self.late.values() if now - tab.moved_at >= timings.stall_s])
        self.write(PING, 1, pinged)
        self.write(frames.encode(json.dumps({"beat": time.time_ns() // 1_000_000})), 1, beaten)

    def _wait_for(self, tab: Tab) -> None:
        tab.moved_at = self.now
        self.late[tab.id] = tab
        self._selector.modify(tab.sock, EVENT_READ | EVENT_WRITE, tab)

    def _respond(self, tab: Tab, frame: bytes) -> None:
        is_close = frames.opcode(frame) == frames.CLOSE
        if tab.close_by:
            tab.answered |= is_close
            if tab.answered and tab.out is None:
                self.forget(tab)
            return
        try:
            reply = answer(frame)
        except Refused as refused:
            self.close(frames.close(refused.code), tab)
            return
        if is_close:
            tab.answered = True
            self.close(reply, tab)
        elif reply:
            self.write(reply, 1, (tab,))

    def _drop_slow(self, tabs: list[Tab]) -> None:
        slow = [tab for tab in tabs if not tab.close_by]
        self.dropped_slow += len(slow)
        self.close(frames.close(TRY_AGAIN_LATER), *slow)

    def _leave(self, tab: Tab) -> bool:
        """Take a tab out of those that get frames; False if it was out."""
        if not self.watchers.remove(tab):
            return False
        self._census.leave(tab.subscribed)
        return True

    def forget(self, tab: Tab) -> None:
        """Close the socket, wherever the tab stands; a second time changes nothing."""
        if tab.sock.fileno() < 0:
            return
        self._leave(tab)
        self.closing.pop(tab.id, None)
        self.late.pop(tab.id, None)
        self._selector.unregister(tab.sock)
        tab.sock.close()

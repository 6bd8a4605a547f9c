"""The hub's thread: one loop over all sockets, fed with commands and with batches of frames."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE

from app.concurrency import native_lock, native_selector
from app.live import frames
from app.live.hands import best_burst
from app.live.rounds import Rounds
from app.live.tab import Tab
from app.live.watchers import Batch, Census
from app.live.wire import Timings, Wire

BATCH_BYTES = 64 * 1024
BATCHES = 64

Command = Callable[[], None]


class Loop:
    """Takes turns: wait for sockets or commands, serve the ready, write a little, look at deadlines."""

    def __init__(
        self, census: Census, *, tabs_per_user: int, clock: Callable[[], float], timings: Timings
    ) -> None:
        self._selector = native_selector()
        self._burst = best_burst()
        self.wire = Wire(self._selector, self._burst, census, tabs_per_user, timings)
        self._rounds = Rounds(self.wire, clock)
        self.ended = False
        self._clock = clock
        self._timings = timings
        self._stop_by: float | None = None
        self._commands: deque[Command | Batch] = deque()
        self._woken = False
        self._waking = native_lock()
        self._ear, self._bell = os.pipe()
        self._selector.register(self._ear, EVENT_READ)

    def post(self, command: Command | Batch) -> None:
        """Have the thread do this after all that was posted before."""
        self._commands.append(command)
        if not self._woken:
            with self._waking:  # the pipe must not be closed, and its number reused, before the write
                if not self.ended:
                    self._woken = True
                    os.write(self._bell, b"!")

    def run(self) -> None:
        """Serve until stopped; whatever happens, leave no socket open."""
        sweep_at = self._clock() + self._timings.sweep_s
        try:
            while not self._is_over():
                self._listen(sweep_at)
                self._obey()
                self._rounds.go_on()
                if self.wire.now >= sweep_at:
                    self.wire.sweep()
                    sweep_at = self.wire.now + self._timings.sweep_s
        finally:
            self._end()

    # Commands

    def send_to(self, tab_id: int, data: bytes) -> None:
        """Write whole frames to one tab, as one piece."""
        tab = self.wire.watchers.tabs.get(tab_id)
        if tab is not None:
            self.wire.write(data, 1, (tab,))

    def close_where(self, matches: Callable[[Tab], bool], code: int) -> None:
        """Close the tabs for which `matches` is true."""
        self.wire.close(frames.close(code), *filter(matches, self.wire.watchers.tabs.values()))

    def end_session(self, session: int, code: int) -> None:
        """Close a session's tabs, those that are still to be adopted too."""
        self.wire.ended[session] = self.wire.now
        self.close_where(lambda tab: tab.session == session, code)

    def stop(self, code: int) -> None:
        """Close every tab and end soon."""
        self._stop_by = self._clock() + self._timings.stop_s
        self.close_where(lambda _tab: True, code)

    # One turn

    def _is_over(self) -> bool:
        if self._stop_by is None:
            return False
        return not self.wire.closing or self.wire.now >= self._stop_by

    def _listen(self, sweep_at: float) -> None:
        until = sweep_at if self._stop_by is None else min(sweep_at, self._stop_by)
        round_s = 0.0 if self._commands else self._rounds.wait_s()
        timeout = max(0.0, until - self._clock())
        ready = self._selector.select(timeout if round_s is None else min(timeout, round_s))
        self.wire.now = self._clock()
        for key, events in ready:
            if key.data is None:
                os.read(self._ear, 4096)
                self._woken = False  # before the commands are looked at: a later one rings again
                continue
            if events & EVENT_WRITE:
                self.wire.flush(key.data)
            if events & EVENT_READ:
                self.wire.hear(key.data)

    def _obey(self) -> None:
        """Carry out commands in order up to one batch of frames: between batches the tabs are heard."""
        batches: list[Batch] = []
        size = 0
        while self._commands and size < BATCH_BYTES and len(batches) < BATCHES:
            command = self._commands[0]
            if isinstance(command, Batch):
                if not self._rounds.takes(command):
                    batches.append(command)
                    size += len(command.data)
            elif batches:
                break
            else:
                command()
            self._commands.popleft()
        if batches:
            for share in self.wire.watchers.shares(batches):
                self.wire.write(*share)

    def _end(self) -> None:
        """Close whatever is open, and the pipe."""
        for tab in [*self.wire.watchers.tabs.values(), *self.wire.closing.values()]:
            self.wire.forget(tab)
        with self._waking:
            self.ended = True
            os.close(self._ear)
            os.close(self._bell)
        self._selector.close()
        self._burst.close()

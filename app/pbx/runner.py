"""The calls that the built-in PBX has under way: each in a thread of its own, each push in a ledger."""

import threading
from collections.abc import Callable, Sequence
from time import monotonic, time
from typing import NamedTuple

from app.pbx.player import Answer, post_push
from app.pbx.script import Step

Script = Callable[[], Sequence[Step]]


class Sent(NamedTuple):
    """One push in the ledger, without the key. `at` is epoch ms, taken after the answer."""

    at: int
    form: dict[str, str]
    status: int | None
    body: str


class CallRunner:
    """Pushes the steps of calls to the CRM, `speed` times faster than life.

    Without a `crm_url` the pushes are only written down.
    """

    def __init__(self, crm_url: str | None, crm_token: str, speed: float) -> None:
        self.crm_url = crm_url
        self.crm_token = crm_token
        self.speed = speed
        self.sent: list[Sent] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def run(self, script: Script) -> None:
        """Start a call: the script is written in its own thread, so it may ask the CRM first."""
        thread = threading.Thread(target=self._play, args=(script,), daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _play(self, script: Script) -> None:
        try:
            steps = script()
            began = monotonic()
            for step in steps:
                left = step.after_s / self.speed - (monotonic() - began)
                if self.stopping.wait(max(0.0, left)):
                    return
                self.push(step.form)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def push(self, form: dict[str, str]) -> Answer:
        """Post one push now, and write it into the ledger."""
        answer = Answer(None, "")
        if self.crm_url is not None:
            answer = post_push(self.crm_url, form | {"crm_token": self.crm_token})
        with self._lock:
            self.sent.append(Sent(int(time() * 1000), form, answer.status, answer.body))
        return answer

    def histories(self) -> list[dict[str, str]]:
        """The calls that have ended, as their history pushes."""
        with self._lock:
            return [sent.form for sent in self.sent if sent.form["cmd"] == "history"]

    def settle(self, timeout_s: float) -> bool:
        """Wait until no call runs; False when some still do."""
        ends_at = monotonic() + timeout_s
        while running := self._running():
            left = ends_at - monotonic()
            if left <= 0:
                return False
            running[0].join(left)
        return True

    def stop(self) -> None:
        """Break off every call; a push under way is still written down."""
        self.stopping.set()
        self.settle(5)

    def _running(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

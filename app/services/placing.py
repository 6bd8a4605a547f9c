"""Sending the one request of a dial, beside the page that waits for it."""

from __future__ import annotations

import threading
import time

from app.pbx.client import DialAnswer, PbxClient
from app.services import dialing
from app.services.dial_wish import Wish
from app.services.writer import Unavailable, Writer

KEEP_S = 600.0  # how long an answer waits for a database that is away
PAUSE_S = 0.5


def place(writer: Writer, pbx: PbxClient, dial_id: int, wish: Wish) -> threading.Event:
    """Ask the PBX to call, and write down what it says; the event is set when that is committed.

    Runs on in the background when nobody waits any more: at most as long as the client's total time.
    A plain `threading.Thread` is meant: under gevent that is a greenlet beside the request's own.
    """
    settled = threading.Event()

    def ask() -> None:
        answer = pbx.make_call(wish.account.login, wish.number)
        _keep(writer, dial_id, answer)
        settled.set()

    threading.Thread(target=ask, name=f"pult-dial-{dial_id}", daemon=True).start()
    return settled


def _keep(writer: Writer, dial_id: int, answer: DialAnswer) -> None:
    """Write the answer down: it comes once, so a database that is away is waited for."""
    until = time.monotonic() + KEEP_S
    while True:
        try:
            return writer.write(dialing.settle, dial_id, answer)
        except (Unavailable, TimeoutError):
            if time.monotonic() > until:
                raise
        time.sleep(PAUSE_S)

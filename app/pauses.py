"""Pauses of the interpreter that every push and every frame would have to wait for.

All threads of the process take turns at one interpreter, and it stands still while it looks for cycles of
objects that nobody holds any more.
"""

from __future__ import annotations

import gc
import sys

TURN_S = 0.0005
# How many objects more than before make it look at the youngest; every so many looks, at older ones too.
LOOKS = (5000, 20, 100)


def keep_short() -> None:
    """Let nothing hold the interpreter for long. To be called once, when everything is loaded."""
    _take_short_turns()
    _leave_what_stays()


def _take_short_turns() -> None:
    """Who waits for the interpreter asks for it ten times as often as usual.

    Each statement of SQLite gives it away, and with requests at work the writer had to wait up to 5 ms to get
    it back, half a dozen times a push.
    """
    sys.setswitchinterval(TURN_S)


def _leave_what_stays() -> None:
    """The modules, tables and templates of the start, 200,000 objects, stay as long as the process.

    To look through them took 60 ms, again and again; from now on they are left out.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOKS)

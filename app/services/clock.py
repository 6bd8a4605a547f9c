"""The time: UTC epoch milliseconds, the unit of every stored instant."""

from __future__ import annotations

import time


def now() -> int:
    """The present as UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000

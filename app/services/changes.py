"""What a transaction changed, as ids: the publisher reads the rest. Small enough for NOTIFY."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal[
    "call", "dial", "contact", "accounts", "session", "user", "settings", "recording", "inbox", "debt", "feed"
]


class Change(NamedTuple):
    """One thing that is different since the last commit."""

    kind: Kind
    id: int

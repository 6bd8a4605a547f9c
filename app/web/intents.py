"""Intents of the dial buttons on a page."""

from __future__ import annotations

from collections.abc import Callable

from app.services.dial_wish import accounts_of, new_intent
from app.web.context import reader
from app.web.security import viewer


def intents() -> Callable[[], str]:
    """Makes a fresh intent for each button; empty ones for a person who has no phone to dial from."""
    return new_intent if accounts_of(reader(), viewer().id) else str

"""Pult: a browser console for a cloud PBX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.locks import mend

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings

mend()  # before anything else: libraries make locks as they are imported


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application. Its libraries are imported only now: `pult serve` itself does without them."""
    from app.factory import make

    return make(settings)

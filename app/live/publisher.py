"""The publisher: committed changes, in commit order, become frames for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask

from app.config import Settings
from app.live.hub import Hub
from app.services.changes import Change


class Publisher:
    """Renders each change once per audience and hands the frames to the hub."""

    def __init__(self, app: Flask, hub: Hub, settings: Settings) -> None:
        self._app = app
        self._hub = hub
        self._settings = settings

    def notify(self, changes: Sequence[Change]) -> None:
        """Take committed changes over, without waiting."""

    def stop(self) -> None:
        """End the thread."""

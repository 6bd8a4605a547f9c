"""What lives as long as the process: the settings, the writer, the hub and the publisher."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, current_app

from app.config import Settings
from app.live.hub import Hub
from app.live.publisher import Publisher
from app.services.changes import Change
from app.services.database import own_engine
from app.services.writer import Writer


class Runtime:
    """One per application; its threads start when they are first needed, in the serving process."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.settings = settings
        self.hub = Hub(tabs_per_user=settings.tabs_per_user, tabs_max=settings.tabs_max)
        self.publisher = Publisher(app, self.hub, settings)
        self.writer = Writer(own_engine(settings.database_url), self._committed)

    def _committed(self, changes: Sequence[Change]) -> None:
        self.publisher.notify(changes)

    def stop(self) -> None:
        """Finish the writes, then close every tab so that it comes back to the next process."""
        self.writer.stop()
        self.publisher.stop()
        self.hub.stop()


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions["pult"]
    return found

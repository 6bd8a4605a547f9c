"""What lives as long as the process: the settings, the writer, the hub and the publisher."""

from __future__ import annotations

from functools import partial

from flask import Flask, current_app

from app import pauses
from app.concurrency import start_thread
from app.config import LANGUAGES, Settings
from app.jobs import Jobs
from app.live.bus import Bus
from app.live.hub import Hub
from app.live.publisher import Publisher
from app.live.rehearsal import rehearse
from app.services.acceptance import Intake
from app.services.database import own_engine
from app.services.keyring import KeyRing
from app.services.pulse import Pulse
from app.services.reader import Reader
from app.services.spool import Spool
from app.services.tracking import Limits
from app.services.writer import Writer

REHEARSED_WITHIN_S = 0.5  # else it ends by itself: pushes must not wait for a database that is away


class Runtime:
    """One per application; its threads start when they are first needed, in the serving process."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.settings = settings
        self.hub = Hub(tabs_per_user=settings.tabs_per_user, tabs_max=settings.tabs_max)
        self.pulse = Pulse(settings.zone)
        self.publisher = Publisher(app, self.hub, settings, self.pulse)
        self.bus = None if settings.is_sqlite else Bus(settings, self.publisher.notify, self.hub.close_all)
        announce = self.bus.announce if self.bus else None
        self.writer = Writer(own_engine(settings.database_url), self.publisher.notify, announce)
        self.reader = Reader(own_engine(settings.database_url))
        self.keyring = KeyRing(self.reader, settings)
        self.limits = _limits(settings)
        self.intake = Intake(self.writer, Spool(settings.data_dir / "spool"), self.limits)
        self.jobs = Jobs(
            app, settings, self.writer, self.intake, self.limits, self.pulse, self.publisher.notify
        )

    def start(self) -> None:
        """Begin what happens by itself. Called in the serving process only."""
        self.publisher.renderer.load(LANGUAGES)
        self.hub.start()
        rehearsal = partial(rehearse, self.hub, self.publisher.renderer, self.settings)
        start_thread(rehearsal, "pult-rehearsal").join(REHEARSED_WITHIN_S)
        self.jobs.start()
        if self.bus:
            self.bus.start()
        pauses.keep_short()

    def stop(self) -> None:
        """Finish the writes, then close every tab so that it comes back to the next process."""
        self.jobs.stop()
        if self.bus:
            self.bus.stop()
        self.writer.stop()
        self.reader.stop()
        self.publisher.stop()
        self.hub.stop()


def _limits(settings: Settings) -> Limits:
    return Limits(
        settle_s=settings.settle_seconds,
        ring_max_s=settings.ring_max_seconds,
        talk_max_s=settings.talk_max_seconds,
        zone=settings.zone,
    )


def runtime() -> Runtime:
    """The runtime of the current application."""
    found: Runtime = current_app.extensions["pult"]
    return found

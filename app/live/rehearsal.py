"""A wallboard drawn for nobody at the start: the first tab would wait for templates and statements.

What is loaded for it stays, so it is no tab's memory either.
"""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from app.config import LANGUAGES, Settings
from app.live.board import Board
from app.live.hub import Hub
from app.live.rendering import Renderer
from app.services.database import own_engine

log = logging.getLogger(__name__)


def rehearse(hub: Hub, renderer: Renderer, settings: Settings) -> None:
    """Draw what a tab is shown first, in every language. While the database is away it is left out."""
    board = Board(hub, renderer, settings.zone, settings.coalesce_ms)
    engine = own_engine(settings.database_url)
    try:
        with engine.connect() as conn:
            for lang in LANGUAGES:
                board.welcome(conn, lang)
    except SQLAlchemyError as error:
        log.info("no wallboard was drawn at the start: %s", str(error).splitlines()[0])

"""Making the application: reads as the table of contents."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from app import web
from app.config import Settings, from_environment
from app.extensions import babel, db, migrate, sock
from app.fairness import Fair
from app.live.handover import NoThread
from app.runtime import Runtime
from app.services.database import prepare
from app.web.lane import Lane

ROOT = Path(__file__).parent.parent
LARGEST_BODY = 64 * 1024


def make(settings: Settings | None = None) -> Flask:
    """Make the application: settings, database, writer and hub, then the rooms."""
    settings = settings or from_environment()
    app = Flask("app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        SOCK_SERVER_OPTIONS={"thread_class": NoThread},
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        BABEL_DEFAULT_LOCALE=settings.lang,
        BABEL_DEFAULT_TIMEZONE=settings.timezone,
    )
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(__file__).parent / "migrations"), render_as_batch=True)
    sock.init_app(app)
    with app.app_context():
        prepare(db.engine)
    app.extensions["pult"] = Runtime(app, settings)
    web.register(app, babel)
    app.wsgi_app = Fair(Lane(app, app.wsgi_app))  # type: ignore[method-assign]
    return app


def _engine_options(settings: Settings) -> dict[str, object]:
    if settings.is_sqlite:
        return {"connect_args": {"check_same_thread": False}}
    return {
        "pool_size": 10,
        "max_overflow": 20,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 3},
    }

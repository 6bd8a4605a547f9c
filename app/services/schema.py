"""Bringing the database to the newest migration."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask_migrate import upgrade
from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def migrate() -> None:
    """Apply every migration that is missing. Needs an application context."""
    upgrade(directory=str(MIGRATIONS))


def newest() -> str:
    """The newest migration that this version of Pult brings."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    return head or ""


def current(conn: Connection) -> str:
    """The migration the database stands at, empty for an empty database."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found or ""

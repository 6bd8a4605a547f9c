"""Alembic's entry: runs the migrations inside Flask-Migrate's application context."""

from __future__ import annotations

from alembic import context
from flask import current_app

from app.models import Base


def run() -> None:
    """Run the migrations on the application's own engine, each in a transaction."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            include_object=_ours,
        )
        with context.begin_transaction():
            context.run_migrations()


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The search tables and indexes are made by hand: autogenerate must leave them alone."""
    return not (kind in ("table", "index") and name is not None and ("_fts" in name or "_trgm" in name))


run()

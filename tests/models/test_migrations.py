"""The migrations: one line of them, and on both databases they make what the models say."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from app.extensions import db
from app.models import Base
from app.services import schema

BY_HAND = ("_fts", "_trgm")  # the search tables and indexes have no model


def _made_by_hand(difference: Any) -> bool:
    return any(mark in str(difference) for mark in BY_HAND)


def test_there_is_one_newest_migration_and_they_are_numbered() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    revisions = [one.revision for one in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert all(revision.isdigit() and len(revision) == 4 for revision in revisions)


def test_the_migrations_make_exactly_what_the_models_say(any_app: Flask) -> None:
    with db.engine.connect() as conn:
        assert schema.current(conn) == schema.newest()
        found = compare_metadata(MigrationContext.configure(conn), Base.metadata)
    assert [difference for difference in found if not _made_by_hand(difference)] == []


def test_migrating_twice_changes_nothing(any_app: Flask) -> None:
    schema.migrate()
    with db.engine.connect() as conn:
        assert schema.current(conn) == schema.newest()


def test_there_is_one_pbx_from_the_start(any_app: Flask) -> None:
    with db.engine.connect() as conn:
        assert conn.execute(text("SELECT id FROM pbx")).scalars().all() == [1]


def test_any_part_of_a_number_is_found_by_an_index(any_app: Flask) -> None:
    with db.engine.connect() as conn:
        names = inspect(conn).get_table_names()
        if conn.dialect.name == "sqlite":
            assert {"phone_fts", "contact_fts"} <= set(names)
        else:
            assert "ix_phone_number_trgm" in {one["name"] for one in inspect(conn).get_indexes("phone")}


def test_every_instant_has_room_for_milliseconds_on_postgresql() -> None:
    """An int4 would overflow in 1970: every `*_at` must be 64 bits wide."""
    narrow = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_at") and "BIGINT" not in str(column.type).upper()
    ]
    assert narrow == []

"""The rehearsal of a start: everything is ready afterwards, and nothing has happened."""

from __future__ import annotations

from flask import Flask

from app.extensions import db
from app.models import Base
from app.runtime import Runtime
from app.services.rehearsal import rehearse
from tests.services.pushes import event, take


def _counts() -> dict[str, int]:
    with db.engine.connect() as conn:
        tables = Base.metadata.sorted_tables
        return {table.name: len(conn.execute(table.select()).all()) for table in tables}


def test_nothing_of_the_rehearsal_stays(any_app: Flask) -> None:
    runtime: Runtime = any_app.extensions["pult"]
    before = _counts()
    rehearse(runtime.writer, runtime.limits)
    assert _counts() == before


def test_a_push_beside_the_rehearsal_is_stored(any_app: Flask) -> None:
    runtime: Runtime = any_app.extensions["pult"]
    rehearse(runtime.writer, runtime.limits)
    take(any_app, event("INCOMING", "a"))
    assert (_counts()["push"], _counts()["call"], _counts()["pbx_account"]) == (1, 1, 1)

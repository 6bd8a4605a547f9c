"""Reading a call's trail: what it costs must not grow with the inbox."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Connection

from app.extensions import db
from app.services.projection import trails
from app.services.writer import Unit


def test_a_trail_is_found_by_its_calls_keys_and_not_by_walking_the_inbox(app: Flask) -> None:
    asked: list[str] = []

    def note(_conn: Connection, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    with db.engine.connect() as conn:
        event.listen(conn, "before_cursor_execute", note)
        trails.read(Unit(conn, 0, {}), 1)
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", (1, *trails.TELLING)).all()
    steps = [row[3] for row in plan]
    assert any("ix_push_trail (call_key_id=?)" in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps

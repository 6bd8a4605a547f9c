"""Reading a call's trail: what it costs must not grow with the inbox."""

from __future__ import annotations

from flask import Flask

from app.extensions import db
from app.services.projection import trails
from app.services.writer import Unit
from tests.statements import statements_of


def test_a_trail_is_found_by_its_calls_keys_and_not_by_walking_the_inbox(app: Flask) -> None:
    with db.engine.connect() as conn:
        with statements_of(conn) as asked:
            trails.read(Unit(conn, 0, {}), 1)
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}").all()
    steps = [row[3] for row in plan]
    assert any("ix_push_trail (call_key_id=?)" in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps

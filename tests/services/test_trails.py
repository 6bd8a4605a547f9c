"""Reading a call's trail: what it costs must not grow with the inbox."""

from __future__ import annotations

import sqlite3

from flask import Flask

from app.extensions import db
from app.services.projection import trails
from app.services.writer import Unit


def test_a_trail_is_found_by_its_calls_keys_and_not_by_walking_the_inbox(app: Flask) -> None:
    asked: list[str] = []
    with db.engine.connect() as conn:
        driver = conn.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_trace_callback(asked.append)
        trails.read(Unit(conn, 0, {}), 1)
        driver.set_trace_callback(None)
        plan = driver.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    steps = [row[3] for row in plan]
    assert any("ix_push_trail (call_key_id=?)" in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps

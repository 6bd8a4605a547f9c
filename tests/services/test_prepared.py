"""Prepared statements say the same as SQLAlchemy's own, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.extensions import db
from app.models import LIVE, Call, Did, Setting
from app.models.base import table_of
from app.services.database import own_engine
from app.services.prepared import Prepared
from app.services.upsert import upsert

DID = table_of(Did)


@pytest.fixture
def conn(any_app: Flask) -> Iterator[Connection]:
    """A connection whose changes are taken back."""
    with db.engine.connect() as connection:
        yield connection
        connection.rollback()


def test_an_insert_fills_in_the_models_defaults_and_returns_the_new_id(conn: Connection) -> None:
    made = Prepared(insert(DID).returning(DID.c.id), ("number",)).scalar(conn, {"number": "+74950000001"})
    found = conn.execute(select(DID).where(DID.c.id == made)).mappings().one()
    assert (found["number"], found["label"], found["pops"]) == ("+74950000001", "", True)


def test_a_list_that_is_part_of_the_statement_is_written_out(conn: Connection) -> None:
    live = Prepared(select(Call.id).where(Call.outcome.in_(LIVE)).limit(bindparam("most")))
    assert live.rows(conn, {"most": 5}) == []


def test_a_value_that_was_forgotten_is_an_error_and_not_an_empty_one(conn: Connection) -> None:
    live = Prepared(select(Call.id).where(Call.outcome.in_(LIVE), Call.id > bindparam("after")))
    with pytest.raises((KeyError, DBAPIError), match="after"):
        live.rows(conn)


def test_a_value_that_belongs_to_the_statement_is_in_every_run_even_when_it_is_nothing(
    conn: Connection,
) -> None:
    upsert(conn, Did, {"number": "+74950000001"}, {"label": "Shop"})
    cleared = Prepared(update(DID).where(DID.c.number == bindparam("which")).values(team_id=None, pops=False))
    assert cleared.run(conn, {"which": "+74950000001"}).rowcount == 1
    assert conn.execute(select(DID.c.pops, DID.c.team_id)).one() == (False, None)


def test_a_row_that_has_the_key_is_changed_instead_of_doubled(conn: Connection) -> None:
    for value in ("1", "2"):
        upsert(conn, Setting, {"name": "twice"}, {"value": value})
    assert Prepared(text("SELECT value FROM setting WHERE name = 'twice'")).rows(conn) == [("2",)]


def test_errors_are_those_of_sqlalchemy_and_hold_no_values(conn: Connection) -> None:
    add = Prepared(insert(DID), ("number",))
    add.run(conn, {"number": "+74950000002"})
    with pytest.raises(IntegrityError) as caught:
        add.run(conn, {"number": "+74950000002"})
    assert caught.value.params is None


@pytest.mark.postgres
def test_a_lost_connection_is_known_as_lost(any_app: Flask) -> None:
    engine = own_engine(db.engine.url.render_as_string(hide_password=False))
    if engine.dialect.name == "sqlite":
        return  # a file cannot be lost
    with engine.connect() as mine, db.engine.connect() as other:
        pid = Prepared(text("SELECT pg_backend_pid()")).scalar(mine)
        other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(DBAPIError) as caught:
            Prepared(text("SELECT 1")).scalar(mine)
        assert caught.value.connection_invalidated
        mine.invalidate()

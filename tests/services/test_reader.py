"""The reader that answers `contact`: in time, whatever the database does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.services import reader as reader_module
from app.services.database import own_engine
from app.services.reader import Reader


@pytest.fixture
def reader(any_app: Flask) -> Iterator[Reader]:
    """A reader of the application's database."""
    made = Reader(own_engine(db.engine.url.render_as_string(hide_password=False)))
    yield made
    made.stop()


def _one(conn: Connection) -> int:
    return int(conn.execute(text("SELECT 1")).scalar_one())


def test_it_answers_on_one_connection_that_it_keeps(reader: Reader) -> None:
    seen = {reader.ask(lambda conn: id(conn.connection.driver_connection), 5) for _ in range(5)}
    assert len(seen) == 1


def test_what_a_question_raises_is_raised_where_it_was_asked_and_the_next_is_answered(reader: Reader) -> None:
    def broken(_conn: Connection) -> None:
        raise ValueError("no such number")

    with pytest.raises(ValueError, match="no such number"):
        reader.ask(broken, 5)
    assert reader.ask(_one, 5) == 1


def test_a_database_that_fails_costs_one_question_and_is_asked_anew(reader: Reader) -> None:
    with pytest.raises(DBAPIError):
        reader.ask(lambda conn: conn.execute(text("SELECT * FROM nothing")), 5)
    assert reader.ask(_one, 5) == 1


def test_a_database_that_cannot_be_opened_is_an_error_for_each(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    nowhere: Engine = create_engine("sqlite:////nowhere/at/all.db")
    asked = Reader(nowhere)
    for _ in range(2):
        with pytest.raises(DBAPIError):
            asked.ask(_one, 5)
    asked.stop()


def test_one_question_that_hangs_does_not_hold_up_those_after_it(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "STUCK_S", 0.05)
    woken = threading.Event()
    with pytest.raises(TimeoutError):
        reader.ask(lambda _conn: woken.wait(30), 0.1)
    assert reader.ask(_one, 5) == 1
    woken.set()
    assert reader.ask(_one, 5) == 1


def test_a_question_whose_asker_has_gone_is_left_out(reader: Reader) -> None:
    asked: list[str] = []
    begun, hold = threading.Event(), threading.Event()

    def first(_conn: Connection) -> None:
        begun.set()
        hold.wait(30)

    patient = threading.Thread(target=lambda: reader.ask(first, 30))
    patient.start()
    begun.wait(30)
    with pytest.raises(TimeoutError):
        reader.ask(lambda _conn: asked.append("late"), 0.05)
    hold.set()
    patient.join(10)
    reader.ask(_one, 5)
    assert asked == []

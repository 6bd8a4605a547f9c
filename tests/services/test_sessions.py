"""Log-ins: opened, found, ended."""

import pytest
from flask import Flask
from sqlalchemy import Connection, select, update

from app.extensions import db
from app.models import Session
from app.services import secrets, sessions
from app.services.changes import Change
from app.services.sessions import IDLE_MS, LIFE_MS
from app.services.writer import Unit, Writer
from tests.personas import new_user


@pytest.fixture
def writer(any_app: Flask) -> Writer:
    found: Writer = any_app.extensions["pult"].writer
    return found


@pytest.fixture
def person(any_app: Flask, writer: Writer) -> int:
    """A person whose log-ins are those of the test."""
    user_id = new_user(any_app).id
    writer.write(sessions.revoke_all, user_id)
    return user_id


@pytest.fixture
def conn(any_app: Flask) -> Connection:
    return db.session.connection()


def _time(writer: Writer) -> int:
    return writer.submit(lambda unit: unit.now)


def _all(unit: Unit) -> list[Session]:
    return list(unit.conn.execute(select(Session).where(Session.revoked_at.is_(None))))  # type: ignore[arg-type]


def test_a_token_opens_its_persons_session(writer: Writer, conn: Connection, person: int) -> None:
    token = writer.write(sessions.start, person, "192.0.2.7", "Example Browser")
    found = sessions.find(conn, token, _time(writer))
    assert found is not None
    assert (found.id, found.role, found.email) == (person, "agent", "agent@pult.example")
    assert sessions.find(conn, token + "x", _time(writer)) is None


def test_the_token_itself_is_stored_nowhere(writer: Writer, person: int) -> None:
    token = writer.write(sessions.start, person)
    rows = writer.submit(_all)
    assert rows
    assert all(token not in map(str, row) for row in rows)


def test_a_session_ends_after_twelve_idle_hours(writer: Writer, conn: Connection, person: int) -> None:
    token = writer.write(sessions.start, person)
    now = _time(writer)
    assert sessions.find(conn, token, now + IDLE_MS - 60_000) is not None
    assert sessions.find(conn, token, now + IDLE_MS + 60_000) is None


def test_a_session_in_use_ends_after_thirty_days(writer: Writer, conn: Connection, person: int) -> None:
    token = writer.write(sessions.start, person)
    now = _time(writer)

    def use_all_the_time(unit: Unit) -> None:
        unit.conn.execute(update(Session).values(seen_at=now + LIFE_MS))

    writer.submit(use_all_the_time)
    assert sessions.find(conn, token, now + LIFE_MS - 60_000) is not None
    assert sessions.find(conn, token, now + LIFE_MS + 60_000) is None


def test_a_revoked_session_is_gone_and_its_tabs_hear_of_it(
    writer: Writer, conn: Connection, person: int
) -> None:
    token = writer.write(sessions.start, person)
    found = sessions.find(conn, token, _time(writer))
    assert found is not None

    def revoke(unit: Unit) -> list[Change]:
        sessions.revoke(unit, found.session_id)
        return list(unit.changes)

    assert Change("session", found.session_id) in writer.submit(revoke)
    assert sessions.find(conn, token, _time(writer)) is None
    assert sessions.find_by_id(conn, found.session_id, _time(writer)) is None


def test_all_sessions_but_one_end_together(writer: Writer, conn: Connection, person: int) -> None:
    here, there = (writer.write(sessions.start, person) for _ in range(2))
    kept = sessions.find(conn, here, _time(writer))
    assert kept is not None
    assert writer.write(sessions.revoke_all, person, keep=kept.session_id) == 1
    assert sessions.find(conn, here, _time(writer)) is not None
    assert sessions.find(conn, there, _time(writer)) is None


def test_the_list_of_log_ins_shows_those_that_are_good(writer: Writer, conn: Connection, person: int) -> None:
    writer.write(sessions.start, person, "192.0.2.7", "Example Browser " + "x" * 500)
    (shown,) = sessions.of_user(conn, person, _time(writer))
    assert shown.address == "192.0.2.7"
    assert len(shown.browser) == 200
    assert sessions.of_user(conn, person, _time(writer) + IDLE_MS) == []


def test_a_look_up_is_one_indexed_read(app: Flask) -> None:
    with db.engine.connect() as conn:
        statement = str(sessions._FIND.where(Session.digest == "x").compile(conn))
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("user", "x")).all()
    assert all("SEARCH" in row.detail for row in plan), plan


def test_sessions_whose_time_is_over_are_ended_so_that_their_tabs_close(writer: Writer, person: int) -> None:
    writer.write(sessions.start, person)
    fresh = writer.write(sessions.start, person)

    def leave_idle(unit: Unit) -> None:
        idle = Session.digest != secrets.digest(fresh)
        unit.conn.execute(update(Session).where(idle).values(seen_at=unit.now - IDLE_MS - 1))

    writer.submit(leave_idle)
    changes = writer.submit(lambda unit: (sessions.end_expired(unit), list(unit.changes))[1])
    assert {change.kind for change in changes} == {"session"}
    assert len(writer.submit(_all)) == 1

"""Deeds, chained: what was changed afterwards shows."""

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, func, select, update

from app.extensions import db
from app.models import Audit
from app.services import audit
from app.services.audit import Broken, Head
from app.services.writer import Unit, Writer
from tests.personas import new_user


@pytest.fixture
def writer(any_app: Flask) -> Writer:
    """The writer, with three deeds done."""
    found: Writer = any_app.extensions["pult"].writer
    person = new_user(any_app).id
    for action in ("login", "user_changed", "user_disabled"):
        found.write(audit.record, person, action, "user", person, "деталь")
    return found


def _verify() -> Broken | Head:
    with db.engine.connect() as conn:
        return audit.verify(conn)


def _ids(unit: Unit) -> list[int]:
    return list(unit.conn.execute(select(Audit.id).order_by(Audit.id)).scalars())


def test_an_untouched_chain_is_whole(writer: Writer) -> None:
    found = _verify()
    assert isinstance(found, Head)
    assert found.rows == 3
    assert len(found.hash) == 64


def test_an_empty_chain_is_whole(any_app: Flask) -> None:
    assert _verify() == Head(0, "")


@pytest.mark.parametrize(
    "change",
    [{"at": 1}, {"actor_id": None}, {"action": "x"}, {"object": "x"}, {"object_id": "9"}, {"detail": ""}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_deed_shows(writer: Writer, change: dict[str, object]) -> None:
    target = writer.submit(_ids)[1]
    writer.submit(lambda unit: unit.conn.execute(update(Audit).where(Audit.id == target).values(**change)))
    assert _verify() == Broken(target, "it was changed")


def test_a_removed_deed_shows_at_the_next_one(writer: Writer) -> None:
    first, second, _ = writer.submit(_ids)
    writer.submit(lambda unit: unit.conn.execute(delete(Audit).where(Audit.id == first)))
    found = _verify()
    assert isinstance(found, Broken)
    assert found.id == second


def test_deeds_of_one_transaction_follow_each_other(writer: Writer) -> None:
    def two(unit: Unit) -> None:
        audit.record(unit, None, "login_failed")
        audit.record(unit, None, "login_failed")

    writer.submit(two)
    assert isinstance(_verify(), Head)


def test_two_processes_make_one_chain(any_app: Flask, writer: Writer) -> None:
    from app.services.database import own_engine

    other = Writer(own_engine(any_app.extensions["pult"].settings.database_url))
    for _ in range(20):
        writer.post(lambda unit: audit.record(unit, None, "here"))
        other.post(lambda unit: audit.record(unit, None, "there"))
    writer.write(audit.record, None, "end")
    other.write(audit.record, None, "end")
    other.stop()
    with db.engine.connect() as conn:
        count = conn.execute(select(func.count()).select_from(Audit)).scalar()
    assert count == 45
    assert isinstance(_verify(), Head)


def test_the_page_shows_the_latest_first_and_goes_on_where_it_stopped(writer: Writer) -> None:
    conn: Connection = db.session.connection()
    newest, *rest = audit.page(conn, limit=1)
    assert (newest.action, newest.actor) == ("user_disabled", "Agent Example")
    assert len(rest) == 1  # one more, to tell that there is a next page
    assert [deed.action for deed in audit.page(conn, before=newest.id)] == ["user_changed", "login"]
    assert [deed.action for deed in audit.page(conn, action="login")] == ["login"]

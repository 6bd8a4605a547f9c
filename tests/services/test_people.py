"""People and their one-time links."""

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from app.extensions import db
from app.models import Audit, PbxAccount
from app.services import connection, invites, passwords, people, sessions
from app.services.people import Refused
from app.services.throttle import Throttle
from app.services.writer import Unit, Writer
from tests.personas import PASSWORD, PASSWORD_HASH


@pytest.fixture
def writer(any_app: Flask) -> Writer:
    found: Writer = any_app.extensions["pult"].writer
    return found


@pytest.fixture
def conn(any_app: Flask) -> Connection:
    return db.session.connection()


def _add(writer: Writer, email: str = "boss@pult.example", role: str = "admin", **more: str) -> int:
    return writer.write(people.add, None, email=email, name="Boss Example", role=role, **more)


def _refusal(writer: Writer, function: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Refused) as caught:
        writer.write(function, *args, **kwargs)  # type: ignore[arg-type]
    return caught.value.code


def _now(writer: Writer) -> int:
    return writer.submit(lambda unit: unit.now)


def test_an_email_is_the_same_however_it_is_written(writer: Writer, conn: Connection) -> None:
    user_id = _add(writer, " Boss@Pult.Example ")
    known = people.credentials(conn, "BOSS@pult.example")
    assert known is not None
    assert known.id == user_id
    assert (
        _refusal(writer, people.add, None, email="BOSS@PULT.EXAMPLE", name="B", role="agent") == "email_taken"
    )


@pytest.mark.parametrize(
    "email", ["", "boss", "@pult.example", "a b@pult.example", "a@b@c", '"a"@pult.example']
)
def test_what_is_no_email_is_refused(writer: Writer, email: str) -> None:
    assert _refusal(writer, people.add, None, email=email, name="B", role="agent") == "bad_email"


def test_a_name_and_a_known_role_are_needed(writer: Writer) -> None:
    assert _refusal(writer, people.add, None, email="a@pult.example", name=" \t", role="agent") == "no_name"
    assert _refusal(writer, people.add, None, email="a@pult.example", name="A", role="boss") == "bad_role"


def test_the_last_admin_stays(writer: Writer) -> None:
    boss = _add(writer)
    _add(writer, "agent@pult.example", "agent")
    assert _refusal(writer, people.enable, boss, boss, enabled=False) == "last_admin"
    assert _refusal(writer, people.change, boss, boss, name="Boss", role="agent") == "last_admin"
    second = _add(writer, "second@pult.example")
    writer.write(people.enable, boss, boss, enabled=False)
    assert _refusal(writer, people.enable, second, second, enabled=False) == "last_admin"


def test_a_disabled_admin_does_not_count(writer: Writer) -> None:
    boss, second = _add(writer), _add(writer, "second@pult.example")
    writer.write(people.enable, boss, second, enabled=False)
    assert _refusal(writer, people.change, boss, boss, name="Boss", role="agent") == "last_admin"
    writer.write(people.change, boss, second, name="Second", role="agent")


def test_disabling_a_person_or_changing_their_role_ends_their_log_ins(
    writer: Writer, conn: Connection
) -> None:
    boss, other = _add(writer), _add(writer, "other@pult.example", "agent")
    for act in (
        lambda: writer.write(people.change, boss, other, name="Other", role="supervisor"),
        lambda: writer.write(people.enable, boss, other, enabled=False),
    ):
        token = writer.write(sessions.start, other)
        act()
        assert sessions.find(conn, token, _now(writer)) is None


def test_renaming_a_person_keeps_them_logged_in(writer: Writer, conn: Connection) -> None:
    boss = _add(writer)
    token = writer.write(sessions.start, boss)
    writer.write(people.change, boss, boss, name="Chief Example", role="admin")
    found = sessions.find(conn, token, _now(writer))
    assert found is not None
    assert found.name == "Chief Example"


def test_a_new_password_ends_every_other_log_in(writer: Writer, conn: Connection) -> None:
    boss = _add(writer)
    here, there = (writer.write(sessions.start, boss) for _ in range(2))
    kept = sessions.find(conn, here, _now(writer))
    assert kept is not None
    writer.write(people.set_password, boss, boss, PASSWORD_HASH, keep=kept.session_id)
    assert sessions.find(conn, here, _now(writer)) is not None
    assert sessions.find(conn, there, _now(writer)) is None


def test_the_set_up_link_makes_the_first_admin_once(writer: Writer, conn: Connection) -> None:
    token = writer.write(invites.setup_link)
    who = {"email": "first@pult.example", "name": "First", "password": PASSWORD_HASH, "lang": "en"}
    user_id = writer.write(invites.accept_setup, token, **who)
    found = people.find(conn, user_id)
    assert found is not None
    assert (found.role, found.state) == ("admin", "enabled")
    assert _refusal(writer, invites.accept_setup, token, **who) == "link_used"
    assert writer.write(invites.setup_link) is None


def test_a_set_up_link_dies_when_somebody_was_added_otherwise(writer: Writer, conn: Connection) -> None:
    token = writer.write(invites.setup_link)
    _add(writer)
    assert invites.find(conn, token, _now(writer)) is None


def test_a_later_set_up_link_replaces_the_earlier_one(writer: Writer, conn: Connection) -> None:
    first, second = writer.write(invites.setup_link), writer.write(invites.setup_link)
    assert invites.find(conn, first, _now(writer)) is None
    assert invites.find(conn, second, _now(writer)) is not None


def test_an_invited_person_chooses_a_password_once(writer: Writer, conn: Connection) -> None:
    boss, other = _add(writer), _add(writer, "other@pult.example", "agent")
    token = writer.write(invites.invite, boss, other)
    assert writer.write(invites.accept, token, PASSWORD_HASH, "en") == other
    known = people.credentials(conn, "other@pult.example")
    assert known is not None
    assert passwords.fits(known.password, PASSWORD)
    assert _refusal(writer, invites.accept, token, PASSWORD_HASH, "en") == "link_used"


def test_a_link_works_for_seven_days(writer: Writer, conn: Connection) -> None:
    boss = _add(writer)
    token = writer.write(invites.invite, boss, boss)
    now = _now(writer)
    assert invites.find(conn, token, now + invites.LIFE_MS - 60_000) is not None
    assert invites.find(conn, token, now + invites.LIFE_MS) is None


def test_a_link_of_a_disabled_person_is_dead(writer: Writer, conn: Connection) -> None:
    boss, other = _add(writer), _add(writer, "other@pult.example", "agent")
    token = writer.write(invites.invite, boss, other)
    writer.write(people.enable, boss, other, enabled=False)
    assert invites.find(conn, token, _now(writer)) is None
    assert _refusal(writer, invites.accept, token, PASSWORD_HASH, "ru") == "link_used"
    assert _refusal(writer, invites.invite, boss, other) == "unknown"


def test_a_persons_link_makes_no_admin_and_the_set_up_link_sets_no_password(writer: Writer) -> None:
    setup = writer.write(invites.setup_link)
    assert _refusal(writer, invites.accept, setup, PASSWORD_HASH, "ru") == "link_used"
    boss = _add(writer)
    token = writer.write(invites.invite, boss, boss)
    who = {"email": "evil@pult.example", "name": "E", "password": PASSWORD_HASH, "lang": "ru"}
    assert _refusal(writer, invites.accept_setup, token, **who) == "link_used"
    assert writer.write(invites.accept, token, PASSWORD_HASH, "ru") == boss  # it was not used up


def test_mapping_a_pbx_login_names_it_in_the_list(writer: Writer, conn: Connection) -> None:
    boss = _add(writer)

    def map_twice(unit: Unit) -> int:
        for login in ("ivanova@tenant", "ivanova"):
            people.map_login(unit, connection.ensure_pbx(unit), login, boss)
        return unit.conn.execute(select(func.count()).select_from(PbxAccount)).scalar_one()

    assert writer.submit(map_twice) == 1
    assert people.everyone(conn)[0].logins == ("ivanova",)


def test_the_audit_names_ids_only(writer: Writer, conn: Connection) -> None:
    boss = _add(writer, password=PASSWORD_HASH)
    writer.write(invites.invite, boss, boss)
    written = str(conn.execute(select(Audit.action, Audit.object, Audit.object_id, Audit.detail)).all())
    assert "user_added" in written
    assert "user_invited" in written
    assert "boss" not in written.lower()


def test_a_password_fits_only_its_own_hash() -> None:
    stored = passwords.make("another good one")
    assert stored.startswith("scrypt:32768:8:3$")
    assert passwords.fits(stored, "another good one")
    assert not passwords.fits(stored, "another good two")


def test_nothing_fits_an_unknown_person_or_one_without_a_password() -> None:
    assert not passwords.fits("", "")
    assert not passwords.fits("", PASSWORD)


def test_a_throttle_forgives_after_a_success_and_after_a_while() -> None:
    time = [0.0]
    throttle = Throttle(2, 60, clock=lambda: time[0])
    assert [throttle.take("a") for _ in range(3)] == [0, 0, 60]
    assert throttle.take("b") == 0
    time[0] = 61
    assert [throttle.take("a") for _ in range(3)] == [0, 0, 60]
    throttle.forgive("a")
    assert throttle.take("a") == 0


def test_a_throttle_remembers_a_bounded_number_of_callers() -> None:
    throttle = Throttle(1, 60, keys=10, clock=lambda: 0.0)
    for caller in range(100):
        throttle.take(caller)
    assert len(throttle._made) == 10

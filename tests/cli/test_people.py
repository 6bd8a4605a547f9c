"""`pult users` and `pult audit`."""

from click.testing import CliRunner, Result
from flask import Flask

from app.cli.audit import audit as audit_command
from app.cli.users import users as users_command
from app.services import audit
from tests.personas import PASSWORD, Actor


def _add(*options: str, password: str = PASSWORD) -> Result:
    base = ["add", "Nina@Pult.example", "--name", "Nina Example", "--role", "agent", "--password-stdin"]
    return CliRunner().invoke(users_command, [*base, *options], input=f"{password}\n")


def test_a_person_added_on_the_command_line_can_log_in(app: Flask, stranger: Actor) -> None:
    assert _add("--pbx-user", "nina@tenant").exit_code == 0
    form = {"email": "nina@pult.example", "password": PASSWORD}
    assert stranger.post("/login", form).status_code == 303
    listed = CliRunner().invoke(users_command, ["list"]).output
    assert listed.split("\t")[1:] == ["nina@pult.example", "agent", "enabled", "nina", "Nina Example\n"]


def test_adding_an_existing_email_is_one_clear_line(app: Flask) -> None:
    _add()
    again = _add()
    assert again.exit_code == 1
    assert again.output == "Error: Nina@Pult.example: somebody has this e-mail already\n"


def test_an_empty_password_is_refused_and_a_short_one_warned_of(app: Flask) -> None:
    assert _add(password="").exit_code == 1
    short = _add(password="short")
    assert short.exit_code == 0
    assert "warning" in short.output


def test_the_password_is_never_an_argument(app: Flask) -> None:
    result = CliRunner().invoke(users_command, ["add", "a@pult.example", "--name", "A", "--role", "agent"])
    assert result.exit_code == 2
    assert "--password-stdin" in result.output


def test_a_whole_chain_is_verified_and_a_broken_one_named(app: Flask, admin: Actor) -> None:
    writer = app.extensions["pult"].writer
    for _ in range(2):
        writer.write(audit.record, admin.id, "login", "user", admin.id)
    sound = CliRunner().invoke(audit_command, ["verify"])
    assert (sound.exit_code, sound.output[:16]) == (0, "2 deeds, unbroke")
    writer.submit(lambda unit: unit.conn.exec_driver_sql("UPDATE audit SET action = 'x' WHERE id = 1"))
    broken = CliRunner().invoke(audit_command, ["verify"])
    assert (broken.exit_code, broken.output) == (1, "Error: the chain breaks at deed 1: it was changed\n")

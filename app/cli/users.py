"""`pult users`: people who may log in."""

from __future__ import annotations

import sys

import click

from app.extensions import db
from app.models import ROLES
from app.runtime import runtime
from app.services import connection, passwords, people
from app.services.people import Refused
from app.services.writer import Unavailable, Unit

REASONS = {
    "bad_email": "this does not look like an e-mail",
    "email_taken": "somebody has this e-mail already",
    "no_name": "a name is needed",
    "bad_login": "the PBX login is empty",
}


@click.group()
def users() -> None:
    """People who may log in."""


@users.command()
@click.argument("email")
@click.option("--name", required=True, help="Their name, as the pages show it.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may see.")
@click.option("--pbx-user", default="", metavar="LOGIN", help="Their login at the PBX, without @tenant.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def add(email: str, name: str, role: str, pbx_user: str, password_stdin: bool) -> None:  # noqa: ARG001
    """Add a person who logs in with EMAIL and the password given on standard input."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not 0 < len(password) <= passwords.LONGEST:
        raise click.ClickException(f"a password has 1 to {passwords.LONGEST} characters")
    if not passwords.is_good(password):
        click.echo(f"warning: a password below {passwords.SHORTEST} characters is easily guessed", err=True)
    hashed = passwords.make(password)
    try:
        user_id = runtime().writer.write(_add, email, name, role, pbx_user, hashed)
    except Refused as refused:
        raise click.ClickException(f"{email}: {REASONS[refused.code]}") from refused
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be written: {error}") from error
    click.echo(f"{people.clean_email(email)} added, {role}, id {user_id}")


@users.command("list")
def list_people() -> None:
    """Everybody: id, e-mail, role, whether they may log in, PBX logins, name."""
    with db.engine.connect() as conn:
        everyone = people.everyone(conn)
    for person in everyone:
        logins = ",".join(person.logins) or "-"
        click.echo("\t".join((str(person.id), person.email, person.role, person.state, logins, person.name)))


def _add(unit: Unit, email: str, name: str, role: str, pbx_user: str, password: str) -> int:
    user_id = people.add(unit, None, email=email, name=name, role=role, password=password)
    if pbx_user:
        people.map_login(unit, connection.ensure_pbx(unit), pbx_user, user_id)
    return user_id

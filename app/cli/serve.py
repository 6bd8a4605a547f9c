"""`pult serve`: bring the database up to date, say where Pult is, and serve."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click

from app.config import BadSetting, Settings, from_environment

ROOT = Path(__file__).parent.parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
def serve() -> None:
    """Migrate the database, then serve in the foreground until Ctrl-C."""
    settings = checked_settings()
    if _is_set_up(settings):
        click.echo(f"Pult: {settings.local_url}")
    else:
        # In a child: an open SQLite connection must not cross into the server's processes, and gevent wants
        # to patch before anything of the application is imported.
        environment = {**os.environ, "PULT_DATA_DIR": str(settings.data_dir)}
        command = [sys.executable, "-m", "app", "migrate", "--welcome"]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if settings.host not in LOOPBACK and not settings.public_url:
        click.echo("warning: reachable from outside, but PULT_PUBLIC_URL is not set: pages opened", err=True)
        click.echo("under another name than localhost will get no live line and no forms", err=True)
    become_server(settings)


def _is_set_up(settings: Settings) -> bool:
    """Whether nothing is to be migrated and somebody is there: then a restart need not wait for the child."""
    if not settings.is_sqlite:
        return False
    newest = max(path.name for path in (ROOT / "app" / "migrations" / "versions").glob("0*.py"))
    file = Path(settings.database_url.removeprefix("sqlite:///")).absolute()
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            (at,) = database.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
            somebody = database.execute('SELECT 1 FROM "user" LIMIT 1').fetchone()
    except sqlite3.Error:
        return False
    return newest.startswith(f"{at}_") and somebody is not None


def checked_settings() -> Settings:
    """The settings. Raises ClickException with the sentence that says what to change."""
    try:
        return from_environment()
    except BadSetting as error:
        raise click.ClickException(str(error)) from error


def server_command(settings: Settings) -> list[str]:
    """How the server is started; the rest of its configuration is deploy/gunicorn.conf.py."""
    options = ["--config", str(ROOT / "deploy" / "gunicorn.conf.py"), "--no-control-socket"]
    options += ["--bind", settings.bind, "--workers", str(settings.workers)]
    return [sys.executable, "-m", "gunicorn", *options, "wsgi:app"]


def become_server(settings: Settings) -> None:
    """Replace this process by the server."""
    os.chdir(ROOT)
    command = server_command(settings)
    os.execve(command[0], command, {**os.environ, "PULT_DATA_DIR": str(settings.data_dir)})  # noqa: S606 - this very process becomes the server


@click.command(hidden=True)
@click.option(
    "--welcome", is_flag=True, help="Say where Pult is, and print the set-up link if nobody is there."
)
def migrate(welcome: bool) -> None:
    """Bring the database to the newest migration."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.services import schema
    from app.web.context import settings

    try:
        schema.migrate()
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        click.echo(
            f"warning: the database is away ({reason}); Pult keeps pushes on disk until it is back", err=True
        )
        return
    if welcome:
        _welcome(settings())


def _welcome(settings: Settings) -> None:
    from app.runtime import runtime
    from app.services import invites

    click.echo(f"Pult: {settings.local_url}")
    token = runtime().writer.write(invites.setup_link)
    if token:
        click.echo(f"Nobody is here yet. Make the first administrator: {settings.local_url}/setup/{token}")

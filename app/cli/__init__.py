"""The command line: `pult …`. Every command works beside a running server."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import click

from app.config import BadSetting, from_environment

# Command → where it lives. Loaded when it is used: `pult --help` needs no database driver.
COMMANDS = {
    "serve": "app.cli.serve:serve",
    "demo": "app.cli.demo:demo",
    "migrate": "app.cli.serve:migrate",
    "users": "app.cli.users:users",
    "pbx": "app.cli.pbx:pbx",
    "contacts": "app.cli.contacts:contacts",
    "accounts": "app.cli.accounts:accounts",
    "audit": "app.cli.audit:audit",
    "rebuild": "app.cli.rebuild:rebuild",
    "reconcile": "app.cli.reconcile:reconcile",
    "backup": "app.cli.backup:backup",
    "doctor": "app.cli.doctor:doctor",
}
# These speak with a PBX or start the server themselves: they need no application.
WITHOUT_APPLICATION = ("serve", "demo", "pbx")


class Commands(click.Group):
    """Finds each command in its own file."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Pult, a browser console for a cloud PBX. Settings are environment variables: see the README."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if context.invoked_subcommand not in WITHOUT_APPLICATION:
        context.with_resource(_application())


def _application() -> Any:
    from contextlib import contextmanager

    @contextmanager
    def applied() -> Any:
        from app import create_app

        try:
            app = create_app(from_environment())
        except BadSetting as error:
            raise click.ClickException(str(error)) from error
        with app.app_context():
            yield
            app.extensions["pult"].writer.stop()

    return applied()

"""`pult accounts`: the users of the PBX."""

from __future__ import annotations

import click

from app.extensions import db
from app.pbx.client import PbxError
from app.runtime import runtime
from app.services import accounts as pbx_users
from app.services import connection
from app.services.accounts import Synced
from app.services.writer import Unavailable


@click.group()
def accounts() -> None:
    """The users of the PBX."""


@accounts.command()
def sync() -> None:
    """Fetch the PBX's users and take them over; nothing is deleted, mappings stay."""
    with db.engine.connect() as conn:
        pbx = connection.client(conn, runtime().settings)
    if pbx is None:
        raise click.ClickException("the PBX has no address or key yet: see the room “Connection”")
    try:
        fetched = pbx.accounts()
        synced: Synced = runtime().writer.submit(
            lambda unit: pbx_users.sync(unit, connection.ensure_pbx(unit), fetched)
        )
    except PbxError as error:
        raise click.ClickException(str(error)) from error
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be written: {error}") from error
    with db.engine.connect() as conn:
        unmapped = pbx_users.unmapped(conn, connection.PBX_ID)
    click.echo(f"{synced.listed} users, {synced.added} new, {synced.gone} gone, {unmapped} not mapped")

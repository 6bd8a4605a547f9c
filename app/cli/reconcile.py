"""`pult reconcile`: fill holes from the PBX's own history."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from app.extensions import db
from app.pbx.client import PbxError
from app.pbx.numbers import normalise
from app.runtime import runtime
from app.services import connection
from app.services.reconcile import Repaired, run
from app.services.reconcile_log import last
from app.services.writer import Unavailable


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How far to look back."
)
def reconcile(days: int) -> None:
    """Compare our calls with the PBX's history, add the missing ones and list each."""
    settings = runtime().settings
    with db.engine.connect() as conn:
        pbx = connection.client(conn, settings)
    if pbx is None:
        raise click.ClickException("the PBX has no address or key yet: see the room “Connection”")
    try:
        repaired = run(runtime().writer, db.engine, pbx, runtime().limits, days)
    except PbxError as error:
        if error.code == "bad_parameters":
            click.echo("This PBX offers no history: there is nothing to compare with.")
            return
        raise click.ClickException(str(error)) from error
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be written: {error}") from error
    for call in repaired:
        click.echo(_line(call, settings.zone))
    _total()


def _total() -> None:
    with db.engine.connect() as conn:
        found = last(conn)
    assert found is not None and found.summary is not None
    said = found.summary
    unreadable = f", {said.unreadable} unreadable" if said.unreadable else ""
    click.echo(f"{said.listed} calls compared: {said.added} added, {said.filled} filled{unreadable}")


def _line(call: Repaired, zone: ZoneInfo) -> str:
    at = datetime.fromtimestamp(call.start_at / 1000, zone)
    return (
        f"{call.how:6}  {at:%Y-%m-%d %H:%M:%S}  {call.direction:8}  {masked(call.number):14}  {call.callid}"
    )


def masked(number: str) -> str:
    """A number as a log may show it: enough to find the call, too little to ring it."""
    value = normalise(number).value
    return f"{value[:5]}•••{value[-2:]}" if len(value) > 8 else value or "withheld"

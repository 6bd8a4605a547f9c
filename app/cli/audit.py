"""`pult audit`: is the record of deeds whole?"""

from __future__ import annotations

import click

from app.extensions import db
from app.services.audit import Broken
from app.services.audit import verify as verify_chain


@click.group()
def audit() -> None:
    """The record of deeds."""


@audit.command()
def verify() -> None:
    """Check that no deed was changed, inserted or removed.

    Prints how many there are and the last one's hash: keep it elsewhere, and a cut end shows, too.
    """
    with db.engine.connect() as conn:
        found = verify_chain(conn)
    if isinstance(found, Broken):
        raise click.ClickException(f"the chain breaks at deed {found.id}: {found.reason}")
    click.echo(f"{found.rows} deeds, unbroken; last hash {found.hash or '-'}")

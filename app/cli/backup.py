"""`pult backup FILE`: everything but the key file and the recordings."""

from __future__ import annotations

from pathlib import Path

import click

from app.runtime import runtime
from app.services import backup as backups
from app.services.writer import Unavailable


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the database to FILE while the server goes on; an older FILE is replaced.

    FILE has every push answered before the command began, and no secret in clear.
    Keep besides, elsewhere than FILE: DATA/secret.key (it opens the PBX's key), and DATA/recordings.

    \b
    To restore, with Pult stopped (DATA is PULT_DATA_DIR):
      SQLite:      remove DATA/pult.db-wal and DATA/pult.db-shm, copy FILE to DATA/pult.db
      PostgreSQL:  createdb pult; pg_restore --no-owner --dbname=pult FILE
      both:        put secret.key and recordings back into DATA, remove DATA/crm_keys.json, start Pult
    Without secret.key everything is there but the PBX's key: enter it again in the room "Connection".
    """
    try:
        size = backups.make(runtime().settings, file.absolute(), runtime().intake.drain)
    except (backups.BackupFailed, Unavailable) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {size / 1024 / 1024:.1f} MiB")

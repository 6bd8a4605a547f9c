"""`pult doctor`: is everything set up, end to end?"""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask_babel import force_locale
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.runtime import runtime
from app.services import checkup, connection
from app.services.checkup import Check
from app.web.check_words import sentence


@click.command()
def doctor() -> None:
    """Check data directory, database, disk, address, PBX, keys, pushes, people, recordings and clock."""
    failed = False
    for check in _checks():
        with force_locale("en"):
            click.echo(f"{check.level.upper():4}  {sentence(check)}")
        failed = failed or check.level == "fail"
    if failed:
        raise SystemExit(1)


def _checks() -> Iterator[Check]:
    settings, writer = runtime().settings, runtime().writer
    try:
        with db.engine.connect() as conn:
            migrated = checkup.migrated(conn)
            yield migrated
            if migrated.level == "fail":
                yield checkup.data_dir(settings.data_dir)
                return
            yield from checkup.local(conn, settings, writer)
            pbx = connection.client(conn, settings)
    except DBAPIError as error:
        yield Check("no_database", "fail", {"why": str(error.orig).strip()})
        return
    yield checkup.reachable(pbx)

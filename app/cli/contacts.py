"""`pult contacts`: the contacts from a file."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from app.cli.breaking_off import INTERRUPTED, stoppable
from app.runtime import runtime
from app.services.contact_files import BadFile, Line, read
from app.services.contact_import import BATCH, Imported, import_lines
from app.services.writer import Unavailable

REMARKS = {
    "bad_phone": "not an outside number: {}",
    "no_phone": "no number that can be used",
    "two_contacts": "its numbers belong to different contacts",
    "too_long": "the name or the company is longer than 200 characters",
    "unknown_login": "nobody is mapped to the PBX user {}",
}
WORDS = {"made": "made", "changed": "changed", "same": "as they were", "refused": "refused"}


@click.group()
def contacts() -> None:
    """Contacts in bulk."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(file: Path) -> None:
    """Bring in FILE, a CSV with the columns name,phones,company,responsible.

    Several phones are separated by ";", responsible is the login of a PBX user. A number that is known
    already updates its contact, so the same file can be brought in again. Ctrl-C keeps what is done.
    """
    try:
        lines = read(file)
    except (BadFile, OSError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    counts: Counter[str] = Counter()
    try:
        whole = _bring_in(lines, counts)
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be written now: {error}. {_sum(counts)}") from error
    if not whole:
        click.echo(f"\nstopped. {_sum(counts)}")
        sys.exit(INTERRUPTED)
    click.echo(_sum(counts))
    sys.exit(1 if lines and counts["refused"] == len(lines) else 0)


def _bring_in(lines: list[Line], counts: Counter[str]) -> bool:
    """Bring the lines in, a transaction for each 200; False when Ctrl-C broke it off between two."""
    with stoppable() as stop:
        for start in range(0, len(lines), BATCH):
            if stop.asked:
                return False
            _report(runtime().writer.write(import_lines, lines[start : start + BATCH]), counts)
            _progress(min(start + BATCH, len(lines)), lines)
    return True


def _report(done: list[Imported], counts: Counter[str]) -> None:
    for one in done:
        counts[one.result] += 1
        for code, what in one.remarks:
            click.echo(f"row {one.row}: {REMARKS[code].format(what)}")


def _progress(done: int, lines: list[Line]) -> None:
    click.echo(f"{done} of {len(lines)} rows", err=True)


def _sum(counts: Counter[str]) -> str:
    return "Contacts " + ", ".join(f"{words}: {counts[name]}" for name, words in WORDS.items())

"""A backup made under load has every push answered before it began."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.faults.conftest import Serve
from tests.faults.sending import FULL, Sender, inbox_rows, ledger_rows
from tests.postgres import PostgresServer

PUSHES = 3000 if FULL else 150


def test_a_backup_under_load_has_every_push_answered_before_it(
    serve: Serve, ledger: Path, tmp_path: Path
) -> None:
    served = serve()
    with Sender(served.url, ledger, per_s=100) as sender:
        for number in range(1, 3):
            sender.wait_for(PUSHES * number)
            before = ledger_rows(ledger)
            served.command("backup", str(tmp_path / "copy.db"))
            assert before <= set(inbox_rows(f"sqlite:///{tmp_path / 'copy.db'}"))
            copy = sqlite3.connect(tmp_path / "copy.db")
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            copy.close()
    assert set(sender.statuses) == {200}


@pytest.mark.postgres
def test_a_dump_of_postgresql_under_load_has_them_too(
    serve: Serve, ledger: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    with postgres.database() as url, postgres.database("template0") as elsewhere:
        served = serve(PULT_DATABASE_URL=url)
        with Sender(served.url, ledger, per_s=50) as sender:
            sender.wait_for(PUSHES)
            before = ledger_rows(ledger)
            served.command("backup", str(tmp_path / "dump"))
        served.stop()
        postgres.restore(tmp_path / "dump", elsewhere)
        assert before <= set(inbox_rows(elsewhere))
    assert set(sender.statuses) == {200}

"""`pult doctor` and `pult accounts sync`, as the operator runs them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import insert

from app.cli import main
from app.models import Push
from app.pbx.fake import FakePbx
from app.services import connection, crm_keys
from app.services.clock import now
from app.services.connection import ensure_pbx
from app.services.writer import Unit
from tests.services.rude_pbx import closed_port

TOKEN = "TEST-PBX-TOKEN"


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """The built-in PBX."""
    fake = FakePbx(token=TOKEN)
    fake.start()
    yield fake
    fake.stop()


def pult(environment: dict[str, str], *args: str, **more: str) -> Result:
    clean = {name: None for name in os.environ if name.startswith("PULT_")}
    env = {**clean, "PULT_ALLOW_PRIVATE_HOSTS": "on", **environment, **more}
    return CliRunner().invoke(main, args, env=env)


def connected(pbx: FakePbx) -> dict[str, str]:
    return {"PULT_PBX_URL": pbx.base_url, "PULT_PBX_TOKEN": TOKEN, "PULT_PUBLIC_URL": "https://pult.example"}


def push_history(unit: Unit, ago_s: int) -> None:
    body = b"cmd=history&callid=c-1&start=20261003T160000Z&wait=5&duration=60"
    row = {"pbx_id": ensure_pbx(unit), "received_at": now() - ago_s * 1000, "cmd": "history", "body": body}
    unit.conn.execute(insert(Push).values(**row, source="http", state="ok", content_type=""))


def test_a_doctor_finds_a_whole_installation_sound(
    app: Flask, environment: dict[str, str], pbx: FakePbx
) -> None:
    result = pult(environment, "accounts", "sync", **connected(pbx))
    assert result.output == f"{len(pbx.people)} users, {len(pbx.people)} new, 0 gone, 12 not mapped\n"
    app.extensions["pult"].writer.write(crm_keys.add, None, "a key")
    app.extensions["pult"].writer.write(connection.save_recording_hosts, None, "rec.example")
    result = pult(environment, "doctor", **connected(pbx))
    assert result.exit_code == 0
    assert "OK    The database can be written." in result.output
    assert "OK    The PBX takes our key: 12 users" in result.output
    assert "OK    Keys the PBX may show: 2." in result.output
    assert "OK    Recordings may come from rec.example." in result.output
    assert "WARN  12 of 12 PBX users belong to nobody" in result.output
    assert "WARN  No push has come yet" in result.output
    assert "FAIL" not in result.output


def test_a_doctor_fails_on_what_stops_calls(app: Flask, environment: dict[str, str]) -> None:
    no_key = {"PULT_CRM_TOKEN": "", "PULT_PBX_URL": closed_port(), "PULT_PBX_TOKEN": TOKEN}
    result = pult(environment, "doctor", **no_key)
    assert result.exit_code == 1
    assert "FAIL  There is no active key" in result.output
    assert "FAIL  No connection to the PBX" in result.output
    assert TOKEN not in result.output


def test_a_doctor_notices_silence_a_wrong_clock_and_open_doors(
    app: Flask, environment: dict[str, str]
) -> None:
    app.extensions["pult"].writer.write(push_history, 50 * 3600)
    data_dir = app.extensions["pult"].settings.data_dir
    data_dir.chmod(0o755)
    result = pult(environment, "doctor", PULT_PUBLIC_URL="http://pult.example")
    assert "WARN  No push for 50 h" in result.output
    assert "check this machine's clock" in result.output
    assert "(0755): chmod 700 it" in result.output
    assert "keys and talks travel in the clear" in result.output


def test_a_doctor_tells_of_an_empty_database(tmp_path: Path) -> None:
    result = pult({"PULT_DATA_DIR": str(tmp_path / "new")}, "doctor")
    assert result.exit_code == 1
    assert "FAIL  The database is at -" in result.output
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_doctor_tells_of_a_database_that_is_away(tmp_path: Path) -> None:
    away = {"PULT_DATA_DIR": str(tmp_path), "PULT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    result = pult(away, "doctor")
    assert result.exit_code == 1
    assert "FAIL  The database does not answer" in result.output


def test_accounts_sync_says_in_one_line_why_it_failed(
    app: Flask, environment: dict[str, str], pbx: FakePbx
) -> None:
    result = pult(environment, "accounts", "sync")
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "no address or key" in result.output
    result = pult(environment, "accounts", "sync", PULT_PBX_URL=pbx.base_url, PULT_PBX_TOKEN="wrong")
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "refused the key" in result.output

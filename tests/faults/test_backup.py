"""`pult backup`: whole, readable elsewhere, without a secret; an older backup survives a failed one."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import create_engine, update

from app import create_app
from app.cli.backup import backup
from app.config import from_environment
from app.extensions import db
from app.models import Pbx
from app.services import connection, crm_keys, invites, secrets
from app.services import spool as spools
from app.services.spool import Spool
from app.services.writer import Unit
from tests.personas import PASSWORD, new_user
from tests.postgres import PostgresServer
from tests.services.projections import dump
from tests.services.pushes import event, history, take

PBX_TOKEN, CRM_KEY = "SECRET-OF-THE-PBX", "SECRET-CRM-KEY"


def run(target: Path) -> Result:
    """`pult backup TARGET`."""
    return CliRunner().invoke(backup, [str(target)])


def made(target: Path) -> Path:
    done = run(target)
    assert done.exit_code == 0, done.output
    return target


def dumped(url: str) -> dict[str, Any]:
    engine = create_engine(url)
    with engine.connect() as conn:
        rows = dump(conn)
    engine.dispose()
    return rows


def in_clear(target: Path, app: Flask) -> bytes:
    """Everything a thief of the backup can read without a key."""
    if app.extensions["pult"].settings.is_sqlite:
        return target.read_bytes()
    return subprocess.run(["pg_restore", "--file=-", str(target)], check=True, capture_output=True).stdout


def test_a_backup_restored_elsewhere_has_the_same_rows(
    any_app: Flask, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    take(any_app, event("INCOMING", "a"), event("ACCEPTED", "a"), history("a", duration="9", callid="c-2"))
    target = made(tmp_path / "copy")
    with db.engine.connect() as conn:
        before = dump(conn)
    if any_app.extensions["pult"].settings.is_sqlite:
        shutil.copy(target, tmp_path / "elsewhere.db")
        assert dumped(f"sqlite:///{tmp_path / 'elsewhere.db'}") == before
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database("template0") as url:
        server.restore(target, url)
        assert dumped(url.replace("postgresql://", "postgresql+psycopg://")) == before


def test_pult_runs_on_a_restored_backup_and_goes_on_with_its_ids(app: Flask, tmp_path: Path) -> None:
    take(app, event("INCOMING", "a"))
    data_dir = tmp_path / "elsewhere"
    data_dir.mkdir()
    shutil.copy(made(tmp_path / "copy"), data_dir / "pult.db")
    restored = create_app(from_environment({"PULT_DATA_DIR": str(data_dir), "PULT_CRM_TOKEN": "K"}))
    form = {"cmd": "event", "type": "ACCEPTED", "user": "a", "callid": "c-1", "phone": "1", "crm_token": "K"}
    assert restored.test_client().post("/pbx", data=form).status_code == 200
    restored.extensions["pult"].stop()
    with restored.app_context():
        db.engine.dispose()
    rows = dumped(f"sqlite:///{data_dir / 'pult.db'}")
    assert [(row["id"], row["outcome"]) for row in rows["call"]] == [(1, "talking")]


def test_a_backup_holds_no_secret_in_clear(any_app: Flask, tmp_path: Path) -> None:
    settings = any_app.extensions["pult"].settings
    writer = any_app.extensions["pult"].writer
    admin = new_user(any_app, "admin")

    def keep_secrets(unit: Unit) -> str:
        connection.ensure_pbx(unit)
        token = secrets.encrypt(settings.data_dir, PBX_TOKEN.encode())
        unit.conn.execute(update(Pbx).values(token=token))
        crm_keys.add(unit, None, CRM_KEY)
        return invites.invite(unit, None, admin.id)

    invite = writer.submit(keep_secrets)
    any_app.test_client().post(
        "/pbx",
        data={"cmd": "event", "type": "INCOMING", "callid": "c", "phone": "1", "crm_token": CRM_KEY},
    )
    read = in_clear(made(tmp_path / "copy"), any_app)
    key_file = (settings.data_dir / secrets.KEY_FILE).read_bytes().strip()
    texts = (PBX_TOKEN, CRM_KEY, admin.cookie, invite, PASSWORD)
    assert b"callid=c" in read or b"63616c6c69643d63" in read  # the push itself is there; bytea is in hex
    for secret in [key_file, *(text.encode() for text in texts)]:
        assert secret not in read
        assert secret.hex().encode() not in read


def test_a_backup_is_for_its_owner_alone_and_replaces_an_older_one(app: Flask, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.write_text("older")
    made(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_bytes().startswith(b"SQLite format 3")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy"]


def test_a_failed_backup_says_why_and_leaves_the_older_one(app: Flask, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.write_text("older")
    app.extensions["pult"].writer.stop()
    database = app.extensions["pult"].settings.data_dir / "pult.db"
    db.engine.dispose()
    database.write_bytes(b"no database at all" * 1000)
    done = run(target)
    assert done.exit_code == 1
    assert "not a database" in done.output
    assert target.read_text() == "older"
    assert list(tmp_path.glob(".copy*")) == []


def test_a_folder_that_is_not_there_is_named(app: Flask, tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere" / "copy")
    assert (done.exit_code, "there is no folder" in done.output) == (1, True)


def test_pushes_that_a_dead_process_left_on_disk_are_in_the_backup(app: Flask, tmp_path: Path) -> None:
    left = Spool(app.extensions["pult"].settings.data_dir / "spool")
    left.sync(left.put(event("INCOMING", "a", "left-behind")))
    own = left.own()
    assert own is not None
    own.close()
    copy = sqlite3.connect(made(tmp_path / "copy"))
    assert copy.execute("SELECT callid FROM push").fetchall() == [("left-behind",)]
    copy.close()


def test_a_backup_waits_for_pushes_on_disk_and_else_refuses(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Spool(app.extensions["pult"].settings.data_dir / "spool")
    held.sync(held.put(event("INCOMING", "a")))
    monkeypatch.setattr("app.services.backup.SPOOL_WAIT_S", 0.2)
    assert "pushes wait on disk" in run(tmp_path / "copy").output
    own = held.own()
    assert own is not None
    own.close()
    made(tmp_path / "copy")
    assert spools.waiting(app.extensions["pult"].settings.data_dir / "spool") is None

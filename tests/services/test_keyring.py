"""The keys the PBX may show, with and without the database."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from app.services import crm_keys
from app.services.database import own_engine
from app.services.keyring import FRESH_S, KeyRing
from app.services.reader import Reader
from app.services.writer import Unit

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


def make_key(app: Flask, key: str) -> int:
    key_id: int = app.extensions["pult"].writer.write(crm_keys.add, None, key)
    return key_id


def ring(app: Flask, url: str = "") -> KeyRing:
    """A ring as a process that has just started would have it."""
    settings = app.extensions["pult"].settings
    return KeyRing(Reader(own_engine(url or settings.database_url)), settings)


def test_a_key_opens_for_its_pbx_and_a_wrong_one_for_none(any_app: Flask) -> None:
    make_key(any_app, "MADE-KEY")
    keys = ring(any_app)
    assert (keys.owner("MADE-KEY"), keys.owner("TEST-CRM-TOKEN")) == (1, 1)
    assert [keys.owner(wrong) for wrong in ("made-key", "", None, "ключ", "\ud800")] == [None] * 5


def test_keys_are_known_while_the_database_is_away(app: Flask) -> None:
    make_key(app, "MADE-KEY")
    ring(app).owner("anything")  # a restored database brings no mirror: reading the keys makes it
    away = ring(app, AWAY)
    assert (away.owner("MADE-KEY"), away.owner("TEST-CRM-TOKEN"), away.owner("WRONG")) == (1, 1, None)


def test_a_mirror_that_is_behind_is_brought_up_to_date(app: Flask) -> None:
    settings = app.extensions["pult"].settings
    (settings.data_dir / crm_keys.MIRROR).write_text('{"old": 1}')
    make_key(app, "MADE-KEY")
    ring(app).owner("anything")
    assert ring(app, AWAY).owner("MADE-KEY") == 1
    assert "old" not in crm_keys.mirrored_digests(settings)


def test_a_revoked_key_opens_no_more_after_a_second(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id = make_key(app, "MADE-KEY")
    keys = ring(app)
    assert keys.owner("MADE-KEY") == 1
    app.extensions["pult"].writer.write(crm_keys.revoke, None, key_id)
    monkeypatch.setattr(keys, "_read_at", keys._read_at - FRESH_S - 1)
    assert keys.owner("MADE-KEY") is None


def test_a_database_without_tables_leaves_the_keys_of_the_settings(app: Flask) -> None:
    def empty(unit: Unit) -> None:
        unit.conn.execute(text("ALTER TABLE crm_key RENAME TO lost"))

    app.extensions["pult"].writer.submit(empty)
    assert ring(app).owner("TEST-CRM-TOKEN") == 1


def test_a_disk_that_takes_no_mirror_is_no_reason_to_refuse_a_key(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    make_key(app, "MADE-KEY")
    monkeypatch.setattr("app.services.keyring.mirror", full)
    assert ring(app).owner("MADE-KEY") == 1

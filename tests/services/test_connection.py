"""The way to the PBX and the keys it shows us."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings, from_environment
from app.extensions import db
from app.services import connection, crm_keys, secrets
from app.services.connection import BadAddress, parse_address
from app.services.writer import Writer

FULL = "https://tenant.example/sys/crm_api.wcgp"


@pytest.mark.parametrize(
    "typed",
    [
        "tenant.example",
        " Tenant.Example ",
        "tenant.example/",
        "https://tenant.example",
        "https://tenant.example/sys/crm_api.wcgp",
        "tenant.example/sys/crm_api.wcgp/",
    ],
)
def test_an_address_is_understood_however_it_is_typed(typed: str) -> None:
    assert parse_address(typed) == FULL


def test_a_port_and_national_letters_are_understood() -> None:
    assert parse_address("tenant.example:8443") == "https://tenant.example:8443/sys/crm_api.wcgp"
    assert parse_address("атс.example") == "https://xn--80a8ac.example/sys/crm_api.wcgp"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("http://tenant.example", "scheme"),
        ("ftp://tenant.example", "scheme"),
        ("https://", "host"),
        ("https://user:secret@tenant.example", "host"),
        ("https://[::1", "host"),
        ("my tenant", "host"),
        ("..example", "host"),
        ("https://tenant.example/cabinet", "path"),
        ("https://tenant.example/?token=1", "path"),
        ("tenant.example#x", "path"),
    ],
)
def test_a_wrong_address_is_refused_with_its_reason(typed: str, code: str) -> None:
    with pytest.raises(BadAddress) as refused:
        parse_address(typed)
    assert refused.value.code == code


def test_plain_http_is_only_for_ones_own_network() -> None:
    typed = "http://127.0.0.1:8080"
    assert parse_address(typed, allow_http=True) == "http://127.0.0.1:8080/sys/crm_api.wcgp"


def test_the_key_is_stored_encrypted_and_shown_by_its_tail(app: Flask, writer: Writer) -> None:
    settings: Settings = app.extensions["pult"].settings
    sealed = secrets.encrypt(settings.data_dir, b"TEST-PBX-TOKEN")
    writer.write(connection.save_address, None, FULL, sealed)
    writer.write(connection.save_address, None, FULL, None)  # a new address keeps the key
    with db.engine.connect() as conn:
        connected = connection.read(conn, settings)
        assert connection.client(conn, settings) is not None
    assert (connected.url, connected.tail, connected.source) == (FULL, "OKEN", "stored")
    assert connected.host == "tenant.example"
    files = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(b"TEST-PBX-TOKEN" in path.read_bytes() for path in files)


def test_the_environment_serves_until_the_admin_stores_an_address(
    environment: dict[str, str], app: Flask, writer: Writer
) -> None:
    with_pbx = {"PULT_PBX_URL": "tenant.example", "PULT_PBX_TOKEN": "TEST-PBX-TOKEN"}
    settings = from_environment({**environment, **with_pbx})
    with db.engine.connect() as conn:
        assert connection.read(conn, settings).source == "environment"
        assert connection.client(conn, settings) is not None
    writer.write(connection.save_address, None, "https://other.example/sys/crm_api.wcgp", None)
    with db.engine.connect() as conn:
        assert connection.read(conn, settings).host == "other.example"


def test_without_address_or_key_there_is_no_client(app: Flask, settings: Settings) -> None:
    with db.engine.connect() as conn:
        assert connection.client(conn, settings) is None
    assert connection.probe(None).code == "not_connected"


def test_recording_hosts_are_kept_as_names(app: Flask, writer: Writer, settings: Settings) -> None:
    writer.write(connection.save_recording_hosts, None, "Rec.Example, rec.example\nb.example:8443")
    with db.engine.connect() as conn:
        assert connection.read(conn, settings).recording_hosts == ("rec.example", "b.example:8443")
    with pytest.raises(BadAddress):
        writer.write(connection.save_recording_hosts, None, "https://rec.example/record")


def test_a_key_lets_the_pbx_in_until_it_is_revoked(any_app: Flask) -> None:
    writer: Writer = any_app.extensions["pult"].writer
    settings: Settings = any_app.extensions["pult"].settings
    key = secrets.new_token()
    key_id = writer.write(crm_keys.add, None, key, "Кабинет")
    with db.engine.connect() as conn:
        assert crm_keys.active_digests(conn, settings)[secrets.digest(key)] == 1
        assert secrets.digest("TEST-CRM-TOKEN") in crm_keys.active_digests(conn, settings)
    assert writer.write(crm_keys.revoke, None, key_id)
    assert not writer.write(crm_keys.revoke, None, key_id)
    with db.engine.connect() as conn:
        assert secrets.digest(key) not in crm_keys.active_digests(conn, settings)
        [row] = crm_keys.every(conn)
    assert row.revoked_at is not None
    assert row.label == "Кабинет"
    assert secrets.digest(key).endswith(row.tail)


def test_the_mirror_holds_digests_only_and_is_for_its_owner(app: Flask, writer: Writer) -> None:
    settings: Settings = app.extensions["pult"].settings
    assert list(crm_keys.mirrored_digests(settings)) == [secrets.digest("TEST-CRM-TOKEN")]
    key = secrets.new_token()
    writer.write(crm_keys.add, None, key)
    with db.engine.connect() as conn:
        crm_keys.mirror(conn, settings)
    file: Path = settings.data_dir / crm_keys.MIRROR
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {secrets.digest(key): 1}
    assert crm_keys.mirrored_digests(settings)[secrets.digest(key)] == 1
    assert [path.name for path in settings.data_dir.glob("crm_keys*")] == [crm_keys.MIRROR]

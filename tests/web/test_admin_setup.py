"""The set-up room: from an empty installation to a PBX that answers and pushes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app.extensions import db
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services import connection, crm_keys, secrets
from tests.personas import Actor
from tests.services.rude_pbx import closed_port

TOKEN = "TEST-PBX-TOKEN"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """An English installation that may talk to the PBX of the tests, and has no key of the PBX's."""
    return {**environment, "PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_LANG": "en", "PULT_CRM_TOKEN": ""}


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """The built-in PBX."""
    fake = FakePbx(token=TOKEN)
    fake.start()
    yield fake
    fake.stop()


def save(admin: Actor, url: str, token: str = TOKEN, hosts: str = "") -> int:
    return admin.post("/admin/setup", {"url": url, "token": token, "recording_hosts": hosts}).status_code


def page(admin: Actor) -> str:
    return admin.get("/admin/setup").get_data(as_text=True)


def test_an_empty_installation_says_what_is_missing(admin: Actor) -> None:
    text = page(admin)
    assert "There is no active key" in text
    assert "http://127.0.0.1:8000/pbx" in text
    assert "only this computer can log in" in text
    assert "Test the connection" not in text


def test_a_saved_connection_is_tested_and_counts_the_users(admin: Actor, pbx: FakePbx) -> None:
    answer = admin.post("/admin/setup", {"url": pbx.base_url, "token": TOKEN})
    assert (answer.status_code, answer.location) == (303, "/admin/setup?test=1")
    assert 'hx-trigger="load, submit"' in admin.get(answer.location).get_data(as_text=True)
    text = admin.htmx("POST", "/admin/setup/test").get_data(as_text=True)
    assert 'data-test="ok"' in text
    assert f"{len(pbx.people)} PBX users" in text
    assert "<html" not in text
    assert "<html" in admin.post("/admin/setup/test").get_data(as_text=True)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401, "application/json", b'{"error": "Invalid token"}'), "refused the key"),
        (Reply(301, "text/html", b""), "check the name before the first dot"),
        (Reply(200, "text/html", b"<html>"), "A page instead of data"),
        (Reply(502, "text/html", b"502 Gateway Timeout"), "out of order"),
        (Reply(400, "application/json", b'{"error": "Invalid parameters"}'), "does not take this command"),
    ],
)
def test_the_test_says_exactly_why_it_failed(admin: Actor, pbx: FakePbx, reply: Reply, words: str) -> None:
    save(admin, pbx.base_url)
    pbx.prepare("accounts", reply)
    text = admin.htmx("POST", "/admin/setup/test").get_data(as_text=True)
    assert 'data-test="failed"' in text
    assert words in text


def test_nobody_listening_is_told_apart_from_a_wrong_key(admin: Actor) -> None:
    save(admin, closed_port())
    assert "No connection to the PBX" in admin.htmx("POST", "/admin/setup/test").get_data(as_text=True)


def test_without_a_connection_the_test_says_so(admin: Actor) -> None:
    assert "not connected" in admin.htmx("POST", "/admin/setup/test").get_data(as_text=True)


@pytest.mark.parametrize(
    ("url", "token", "hosts", "words"),
    [
        ("", TOKEN, "", "The address is needed"),
        ("ftp://tenant.example", TOKEN, "", "must begin with https"),
        ("my tenant", TOKEN, "", "no host name"),
        ("tenant.example/cabinet", TOKEN, "", "Only the host is needed"),
        ("tenant.example", "", "", "The key is needed"),
        ("tenant.example", TOKEN, "https://rec.example", "must be host names"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    admin: Actor, url: str, token: str, hosts: str, words: str
) -> None:
    answer = admin.post("/admin/setup", {"url": url, "token": token, "recording_hosts": hosts})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in text
    assert TOKEN not in text


def test_the_key_of_the_pbx_is_never_shown_again(admin: Actor) -> None:
    save(admin, "tenant.example", hosts="rec.example, b.example")
    text = page(admin)
    assert TOKEN not in text
    assert "••••OKEN" in text
    assert "rec.example, b.example" in text
    assert save(admin, "other.example", token="") == 303
    assert "••••OKEN" in page(admin)


def test_a_key_for_the_pbx_is_shown_once_and_lets_it_in_until_revoked(app: Flask, admin: Actor) -> None:
    text = admin.post("/admin/setup/keys", {"label": "Cabinet"}).get_data(as_text=True)
    [key] = re.findall(r'value="([\w-]{32,})" data-new-key', text)
    settings = app.extensions["pult"].settings
    assert secrets.digest(key) in crm_keys.mirrored_digests(settings)
    again = page(admin)
    assert key not in again
    assert "Cabinet" in again
    assert "There is no active key" not in again
    push = {"cmd": "event", "type": "INCOMING", "callid": "c-1", "phone": "79000001234", "user": "chizh"}
    browser = app.test_client()
    assert browser.post("/pbx", data=push | {"crm_token": key}).status_code == 200
    with db.engine.connect() as conn:
        [row] = crm_keys.every(conn)
    assert admin.post(f"/admin/setup/keys/{row.id}/revoke").status_code == 303
    assert admin.post(f"/admin/setup/keys/{row.id}/revoke").status_code == 404
    assert crm_keys.mirrored_digests(settings) == {}
    assert "There is no active key" in page(admin)


def test_the_first_push_and_wrong_keys_show_by_themselves(app: Flask, admin: Actor) -> None:
    assert "the push appears here" in admin.get("/admin/setup/pushes").get_data(as_text=True)
    key = secrets.new_token()
    app.extensions["pult"].writer.write(crm_keys.add, None, key)
    browser = app.test_client()
    push = {"cmd": "event", "type": "INCOMING", "callid": "c-1", "phone": "79000001234", "user": "chizh"}
    assert browser.post("/pbx", data=push | {"crm_token": "wrong"}).status_code == 401
    assert browser.post("/pbx", data=push | {"crm_token": key}).status_code == 200
    app.extensions["pult"].writer.submit(lambda unit: None)  # whatever was posted is written by now
    text = admin.get("/admin/setup/pushes").get_data(as_text=True)
    assert "event INCOMING" in text
    assert "1 push today" in text
    assert "A wrong key from 127.0.0.1, 1 time" in text


def test_the_connection_survives_a_lost_key_file(app: Flask, admin: Actor) -> None:
    save(admin, "tenant.example")
    writer = app.extensions["pult"].writer
    writer.write(connection.save_address, None, "https://tenant.example/sys/crm_api.wcgp", b"another file's")
    assert "From the PBX" in page(admin)
    assert "not connected" in admin.htmx("POST", "/admin/setup/test").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/admin/setup", "/admin/accounts", "/admin/inbox", "/admin/numbers"])
def test_these_rooms_are_the_admins(path: str, supervisor: Actor, stranger: Actor) -> None:
    assert supervisor.get(path).status_code == 403
    assert stranger.get(path).status_code == 303

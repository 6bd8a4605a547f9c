"""What admins and watchers are told of a storage that is not well."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services.clock import now
from app.services.outage import Outage
from app.services.spool import Spool
from tests.personas import Actor
from tests.services.pushes import event


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_LANG": "en"}


def page(actor: Actor, path: str = "/admin/inbox") -> str:
    return str(actor.get(path).get_data(as_text=True))


def test_pushes_that_wait_are_told_to_admins_alone(app: Flask, admin: Actor, agent: Actor) -> None:
    assert "Pushes wait on disk" not in page(admin)
    spool = Spool(app.extensions["pult"].settings.data_dir / "spool")
    spool.sync(spool.put(event("INCOMING", "a")))
    assert "Pushes wait on disk since" in page(admin)
    assert "Pushes wait on disk since" in page(admin, "/desk")
    assert "Pushes wait on disk" not in page(agent, "/desk")
    own = spool.own()
    assert own is not None
    own.close()


def test_a_database_that_cannot_be_written_is_told_until_it_can(
    app: Flask, admin: Actor, client: FlaskClient
) -> None:
    other = sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert client.get("/readyz").status_code == 503
    assert "The database cannot be written since" in page(admin)
    assert "database is locked" in page(admin)
    other.execute("ROLLBACK")
    other.close()
    assert client.get("/readyz").text == "ready\n"
    assert "cannot be written" not in page(admin)


def test_an_open_page_asks_for_the_banner_every_20_seconds(app: Flask, admin: Actor, agent: Actor) -> None:
    asks = '<div id="storage" hx-get="/admin/storage" hx-trigger="every 20s" hx-swap="outerHTML">'
    assert asks in page(admin)
    assert page(admin, "/admin/storage").split() == [*asks.split(), "</div>"]
    app.extensions["pult"].writer._outage = Outage(now(), "disk I/O error")
    assert "It says: disk I/O error" in page(admin, "/admin/storage")
    assert agent.get("/admin/storage").status_code == 403


def test_a_disk_that_fills_up_is_told_before_it_is_full(
    app: Flask, admin: Actor, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(_path: object) -> SimpleNamespace:
        return SimpleNamespace(free=150 * 1024 * 1024)

    monkeypatch.setattr("app.services.health_state.shutil.disk_usage", usage)
    assert "150 MiB are left" in page(admin)
    ready = client.get("/readyz")
    assert (ready.status_code, "150 MiB left" in ready.text) == (200, True)

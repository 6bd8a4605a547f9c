"""Fixtures that every room of the tests uses: settings, databases, an application, its writer."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings, from_environment
from app.extensions import db
from app.services.schema import migrate
from app.services.writer import Writer
from tests import nginx
from tests.browser import Browser
from tests.postgres import PostgresServer

pytest_plugins = ("tests.personas",)

ALL = os.environ.get("PULT_TEST_ALL") == "1"
PARTS: dict[str, tuple[str, Callable[[], bool]]] = {
    "chromium": ("Debian's Chromium", lambda: shutil.which("chromium") is not None),
    "postgres": ("Debian's PostgreSQL", PostgresServer.is_installed),
    "strace": ("strace", lambda: shutil.which("strace") is not None),
    "nginx": ("nginx", lambda: nginx.program() is not None),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name what needs a system part that is missing; PULT_TEST_ALL=1 lets it fail instead."""
    for item in items:
        for mark, (name, is_there) in PARTS.items():
            if item.get_closest_marker(mark) and not is_there() and not ALL:
                item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A throw-away PostgreSQL server of Debian's package."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated PostgreSQL database to copy."""
    folder = tmp_path_factory.mktemp("template-pg")
    with postgres.database() as url:
        app = create_app(from_environment({"PULT_DATA_DIR": str(folder), "PULT_DATABASE_URL": url}))
        with app.app_context():
            _migrate()
            db.engine.dispose()
        app.extensions["pult"].stop()
        yield url.rpartition("/")[2]


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file: copying it is faster than migrating for each test."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(from_environment({"PULT_DATA_DIR": str(folder)}))
    with app.app_context():
        _migrate()
        db.engine.dispose()  # the last connection brings the write-ahead log into the file
    app.extensions["pult"].stop()
    return folder / "pult.db"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings of the test as the operator would write them; tests may add to it."""
    return {"PULT_DATA_DIR": str(tmp_path / "data"), "PULT_CRM_TOKEN": "TEST-CRM-TOKEN"}


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Settings on SQLite in a temporary folder."""
    return from_environment(environment)


@pytest.fixture
def app(settings: Settings, template_database: Path) -> Iterator[Flask]:
    """An application on its own migrated SQLite database."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(template_database, settings.data_dir / "pult.db")
    yield from _running(create_app(settings))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(
    request: pytest.FixtureRequest, environment: dict[str, str], template_database: Path
) -> Iterator[Flask]:
    """The application on each of the two databases."""
    if request.param == "sqlite":
        yield from _running(request.getfixturevalue("app"))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("postgres_template")
    with server.database(template) as url:
        yield from _running(create_app(from_environment({**environment, "PULT_DATABASE_URL": url})))


def _running(app: Flask) -> Iterator[Flask]:
    app.test_client_class = Browser
    with app.app_context():
        yield app
        app.extensions["pult"].stop()
        db.session.remove()
        db.engine.dispose()


def _migrate() -> None:
    migrate()
    # Alembic's logging configuration must not outlive it: later tests read the log.
    logging.getLogger("alembic").setLevel(logging.WARNING)


@pytest.fixture
def writer(app: Flask) -> Writer:
    """The application's one writer."""
    found: Writer = app.extensions["pult"].writer
    return found


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session; also the PBX, which needs none."""
    return app.test_client()

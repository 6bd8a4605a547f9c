"""More than one process: refused on SQLite, one truth on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.pages import Page, dial
from tests.postgres import PostgresServer
from tests.serving import ROOT, Served

ADD = ("users", "add", "agent@pult.example", "--name", "Agent", "--role", "agent", "--pbx-user", "andy")
OPEN_A_SESSION = """
import sys
from app import create_app
from app.services import sessions
app = create_app()
runtime = app.extensions["pult"]
with app.app_context():
    print(runtime.writer.write(sessions.start, 1))
    runtime.writer.stop()
"""


@pytest.fixture
def served(postgres: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    """Two worker processes on one PostgreSQL."""
    with postgres.database() as url:
        server = Served(tmp_path / "data", PULT_DATABASE_URL=url, PULT_WORKERS=2)
        server.start()
        yield server
        server.stop()


def cookie_of(server: Served) -> str:
    server.command(*ADD, "--password-stdin", stdin="correct horse battery\n")
    command = [sys.executable, "-c", OPEN_A_SESSION]
    done = subprocess.run(
        command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def wait_for(page: Page, words: str) -> str:
    while words not in (text := page.text()):
        pass
    return text


@pytest.mark.postgres
def test_a_push_to_one_process_reaches_the_tabs_of_both(served: Served) -> None:
    cookie = cookie_of(served)
    # Ten connections are spread over both processes by the kernel.
    pages = [dial(served.port, cookie)[1] for _ in range(10)]
    for page in pages:
        wait_for(page, "#pops")
    for number in range(6):
        callid = f"call-{number}"
        assert served.push(cmd="event", type="INCOMING", user="andy", callid=callid).status_code == 200
        for page in pages:
            assert 'data-state="ringing"' in wait_for(page, f'data-callid="{callid}"')
        assert served.push(cmd="event", type="CANCELLED", user="andy", callid=callid).status_code == 200
        for page in pages:
            assert "delete" in wait_for(page, f'data-callid="{callid}"')
    for page in pages:
        page.sock.close()


def test_several_processes_on_sqlite_are_refused_with_what_to_do(tmp_path: Path) -> None:
    server = Served(tmp_path / "data", PULT_WORKERS=2)
    command = [sys.executable, "-m", "app", "serve"]
    done = subprocess.run(
        command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "PULT_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr

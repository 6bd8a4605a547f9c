"""The hourly comparison with the PBX's history: it goes on by itself, and the admin sees what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services.reconcile_log import Summary, note_failure, note_success
from app.services.writer import Unit
from tests.faults.callers import hire
from tests.live.pages import eventually
from tests.personas import Actor
from tests.serving import Served

TOKEN = "TEST-PBX-TOKEN"
LIST = b"lost-1,in,79101234567,caller0@tenant.example,74950000001,2026-09-29T16:14:08+03:00,12,61,\r\n"
SUMMARY = Summary(days=1, listed=312, unreadable=0, added=4, filled=1)
LONG_AGO = 1_774_000_000_000


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_LANG": "en"}


def test_the_admin_sees_what_was_filled_in(app: Flask, admin: Actor) -> None:
    assert "pult reconcile" not in admin.get("/admin/setup").text
    app.extensions["pult"].writer.write(note_success, SUMMARY)
    said = admin.get("/admin/setup").text
    assert "312 calls compared, 4 added, 1 completed" in said
    assert "every hour" in said


@pytest.mark.parametrize(
    ("code", "words", "goes_on"),
    [
        ("bad_parameters", "This PBX offers no history.", False),
        ("no_answer", "The PBX did not answer in time.", True),
    ],
)
def test_the_admin_sees_why_it_failed(app: Flask, admin: Actor, code: str, words: str, goes_on: bool) -> None:
    app.extensions["pult"].writer.write(note_success, SUMMARY)
    app.extensions["pult"].writer.write(note_failure, code)
    said = admin.get("/admin/setup").text
    assert words in said
    assert "312 calls compared" in said
    assert ("every hour" in said) is goes_on


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    fake = FakePbx(token=TOKEN)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def served(tmp_path: Path, pbx: FakePbx) -> Iterator[Served]:
    server = Served(tmp_path / "data", PULT_LANG="en", PULT_PBX_URL=pbx.url, PULT_PBX_TOKEN=TOKEN)
    yield server
    server.stop()


def worked_long_ago(unit: Unit) -> None:
    note_success(Unit(unit.conn, LONG_AGO, unit.cache), SUMMARY)


def test_the_job_fills_holes_by_itself_once_it_has_worked(served: Served, pbx: FakePbx) -> None:
    pbx.prepare("history", Reply(200, "text/csv", LIST))
    [caller] = hire(served, 1, also=worked_long_ago)
    served.start()
    assert eventually(
        lambda: 'data-callid="lost-1"' in caller.get("/calls?from=2026-09-29&to=2026-09-29").text
    )


def test_a_pbx_that_never_showed_a_history_is_not_asked(served: Served, pbx: FakePbx) -> None:
    hire(served, 1)
    served.start()
    served.push(cmd="event", type="INCOMING", callid="c-1").raise_for_status()
    assert requests.get(f"{served.url}/readyz", timeout=5).ok
    assert [form for form in pbx.commands_heard if form["cmd"] == "history"] == []

"""`pult reconcile`, as the operator runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.cli import main
from app.cli.reconcile import masked
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from tests.services.rude_pbx import closed_port

TOKEN = "TEST-PBX-TOKEN"
LIST = (
    b"lost-1,in,79101234567,andy@tenant.example,74950000001,2026-09-29T16:14:08+03:00,12,61,\r\n"
    b"lost-2,missed,101,g_1@tenant.example,74950000001,2026-09-29T12:50:46Z,136,0,\r\n"
)


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    fake = FakePbx(token=TOKEN)
    fake.start()
    yield fake
    fake.stop()


def pult(environment: dict[str, str], url: str, *args: str) -> Result:
    clean = {name: None for name in os.environ if name.startswith("PULT_")}
    more = {"PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_PBX_URL": url, "PULT_PBX_TOKEN": TOKEN}
    return CliRunner().invoke(main, ["reconcile", *args], env={**clean, **environment, **more})


def test_each_repaired_call_is_listed_with_its_number_masked(
    app: Flask, environment: dict[str, str], pbx: FakePbx
) -> None:
    pbx.prepare("history", Reply(200, "text/csv", LIST))
    done = pult(environment, pbx.url, "--days", "1")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].split() == ["added", "2026-09-29", "15:50:46", "in", "101", "lost-2"]
    assert lines[1].split() == ["added", "2026-09-29", "16:14:08", "in", "+7910•••67", "lost-1"]
    assert lines[2] == "2 calls compared: 2 added, 0 filled"
    pbx.prepare("history", Reply(200, "text/csv", LIST))
    assert pult(environment, pbx.url, "--days", "1").output == "2 calls compared: 0 added, 0 filled\n"


def test_a_pbx_without_history_is_no_error(app: Flask, environment: dict[str, str], pbx: FakePbx) -> None:
    pbx.prepare("history", Reply(400, "application/json", b'{"error": "Invalid parameters"}'))
    done = pult(environment, pbx.url)
    assert (done.exit_code, done.output.count("\n")) == (0, 1)
    assert "offers no history" in done.output


def test_a_pbx_that_is_away_or_unknown_is_an_error_in_one_line(
    app: Flask, environment: dict[str, str]
) -> None:
    for url in (closed_port(), ""):
        done = pult(environment, url)
        assert done.exit_code == 1
        assert done.output.startswith("Error: ")
        assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+79000000017", "+7900•••17"), ("101", "101"), ("", "withheld"), ("anonymous", "withheld")],
)
def test_a_masked_number_cannot_be_rung(number: str, shown: str) -> None:
    assert masked(number) == shown

"""The log as a file: /calls.csv and /calls.xlsx."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Audit
from app.services.call_log.export import COLUMNS
from tests.calls_made import MINUTE, OURS, Calls
from tests.personas import Actor

LINK = "https://records.example/record/ivan_in_79000000001.mp3"


@pytest.fixture
def calls(app: Flask) -> Calls:
    return Calls(app)


def table(actor: Actor, path: str = "/calls.csv") -> list[dict[str, str]]:
    answer = actor.get(path)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))


def test_the_csv_is_as_promised(supervisor: Actor, calls: Calls) -> None:
    calls.made("ivan@tenant.example", callid="c-1", start="20261123T100000Z", link=LINK)
    calls.contact("+79000000001", "=Лиса, Патрикеевна", "")
    answer = supervisor.get("/calls.csv?from=2026-11-01&to=2026-11-30")
    body = answer.get_data(as_text=True)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert body.splitlines()[0] == (
        "callid,direction,outcome,phone,contact,user,via,started_at,wait_s,duration_s,recording"
    )
    assert table(supervisor, "/calls.csv?from=2026-11-01&to=2026-11-30") == [
        {
            "callid": "c-1",
            "direction": "in",
            "outcome": "answered",
            "phone": "+79000000001",
            "contact": "'=Лиса, Патрикеевна",
            "user": "ivan",
            "via": OURS,
            "started_at": "2026-11-23T10:00:00Z",
            "wait_s": "4",
            "duration_s": "61",
            "recording": "yes",
        }
    ]


def test_the_csv_tells_numbers_that_are_none_as_they_came(supervisor: Actor, calls: Calls) -> None:
    calls.made(callid="hidden", phone="anonymous", ago=3 * MINUTE)
    calls.made(callid="odd", phone="sip:lisa", ago=2 * MINUTE)
    calls.made(callid="inner", phone="101", ago=MINUTE)
    assert [(row["callid"], row["phone"]) for row in table(supervisor)] == [
        ("inner", "101"),
        ("odd", "sip:lisa"),
        ("hidden", "anonymous"),
    ]


def test_the_csv_has_the_filters_of_the_page(supervisor: Actor, calls: Calls) -> None:
    calls.made("ivan", callid="a")
    calls.missed("petr", callid="b")
    assert [row["callid"] for row in table(supervisor, "/calls.csv?user=petr")] == ["b"]
    assert [row["callid"] for row in table(supervisor, "/calls.csv?outcome=answered")] == ["a"]
    assert supervisor.get("/calls.csv?outcome=lost").status_code == 400


def test_an_empty_csv_has_its_columns(supervisor: Actor) -> None:
    assert supervisor.get("/calls.csv").get_data(as_text=True) == ",".join(COLUMNS) + "\r\n"


def test_the_workbook_has_the_same_rows_and_no_formula(supervisor: Actor, calls: Calls) -> None:
    calls.made(callid="=1+1")
    answer = supervisor.get("/calls.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "=1+1" in sheet
    assert "<f>" not in sheet
    assert all(column in sheet for column in COLUMNS)


def test_a_workbook_of_too_many_calls_is_refused_in_words(
    supervisor: Actor, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.export.MOST_ROWS", 1)
    calls.made()
    calls.made()
    answer = supervisor.get("/calls.xlsx?direction=in")
    assert answer.status_code == 422
    assert "/calls.csv?direction=in" in answer.get_data(as_text=True)


def test_an_export_is_written_down_without_what_was_searched(supervisor: Actor, calls: Calls) -> None:
    supervisor.get("/calls.csv?q=79000000001")
    with db.engine.connect() as conn:
        deed: Any = conn.execute(select(Audit).where(Audit.action == "calls.exported")).one()
    assert deed.actor_id == supervisor.id
    assert "7900" not in deed.detail
    assert deed.detail.startswith("csv ")

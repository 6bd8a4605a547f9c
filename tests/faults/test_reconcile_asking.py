"""How the PBX is asked for its history, what is kept of it, and when it is asked by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.extensions import db
from app.pbx.client import PbxError
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services import reconcile
from app.services.clock import now
from app.services.reconcile_log import days_due
from tests.services.reconciled import DAY, HOUR, TOKEN, Compared


@pytest.fixture
def compared(any_app: Flask) -> Iterator[Compared]:
    pbx = FakePbx(token=TOKEN)
    pbx.start()
    yield Compared(any_app, pbx)
    pbx.stop()


def test_a_call_of_this_moment_is_waited_for(compared: Compared) -> None:
    compared.line("young", ago=60_000)
    compared.line("old", ago=11 * 60_000)
    assert compared.done() == [("added", "old")]


def test_rows_that_cannot_be_read_are_counted(compared: Compared) -> None:
    compared.line("", start="20261001T100000Z")
    compared.line("odd", start="yesterday")
    compared.line("good")
    assert compared.done() == [("added", "good")]
    assert compared.last().summary.unreadable == 2  # type: ignore[union-attr]


def test_a_day_that_two_answers_name_is_counted_once(compared: Compared) -> None:
    compared.line("lost-1")
    assert compared.done(days=3) == [("added", "lost-1")]
    assert len(compared.pbx.commands_heard) == 3


def test_a_full_answer_is_asked_for_again_by_halves(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "AT_MOST", 2)
    first, second = compared.line("lost-1"), compared.line("lost-2")
    for lines in ((first, second), (first,), (second,)):
        compared.answer(*lines)
    assert len(compared.ask()) == 2
    asked = [(form["start"], form["end"]) for form in compared.pbx.commands_heard]
    assert len(asked) == 3
    assert (asked[0][0], asked[1][1], asked[0][1]) == (asked[1][0], asked[2][0], asked[2][1])


def test_a_pbx_without_history_is_not_asked_again_by_itself(compared: Compared) -> None:
    compared.run()
    assert compared.last().works
    compared.pbx.prepare("history", Reply(400, "application/json", b'{"error": "Invalid parameters: [cmd]"}'))
    with pytest.raises(PbxError):
        compared.ask()
    assert (compared.last().works, compared.last().error) == (False, "bad_parameters")


def test_a_pbx_that_is_away_for_once_is_asked_again(compared: Compared) -> None:
    compared.run()
    compared.pbx.prepare("history", Reply(502, "text/html", b"502"))
    with pytest.raises(PbxError):
        compared.ask()
    found = compared.last()
    assert (found.works, found.error) == (True, "gateway")


def test_the_job_goes_on_only_after_it_has_worked_and_looks_back_to_then(
    compared: Compared,
) -> None:
    with db.engine.connect() as conn:
        assert days_due(conn, now()) == 0
    compared.run()
    at = compared.last().worked_at
    with db.engine.connect() as conn:
        assert [days_due(conn, at + later) for later in (HOUR - 1, HOUR, 3 * DAY)] == [0, 1, 4]
        assert days_due(conn, at + 400 * DAY) == 31


def test_what_the_real_pbx_of_the_samples_lists_becomes_calls(compared: Compared) -> None:
    body = (
        "00000000-0000-4000-8000-00000000000a,in,79101234567,andy@tenant.example,74950000001,"
        "2026-09-29T16:14:08+03:00,12,61,https://records.example/a.mp3\r\n"
        "00000000-0000-4000-8000-00000000000b,missed,79000000021,g_1@tenant.example,74950000001,"
        "2026-09-29T12:50:46Z,136,0,\r\n"
    )
    compared.pbx.prepare("history", Reply(200, "text/csv", body.encode()))
    done = compared.ask()
    assert [call.direction for call in done] == ["in", "in"]
    assert compared.call("00000000-0000-4000-8000-00000000000a").outcome == "answered"
    assert compared.call("00000000-0000-4000-8000-00000000000b")[:4] == ("in", "missed", 0, 136)

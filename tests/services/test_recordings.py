"""Recordings from the push that names them to our own copy: the plan of tries, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.extensions import db
from app.models import Audit, Recording
from app.services import connection, recordings
from app.services.clock import now
from app.services.recordings import TRIES_S, Wanted
from app.services.writer import Unit
from tests.calls_made import Calls
from tests.personas import new_user
from tests.sound_host import TONE, SoundHost, sound_host


@pytest.fixture
def host() -> Iterator[SoundHost]:
    with sound_host() as running:
        yield running


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "PULT_ALLOW_PRIVATE_HOSTS": "on", "PULT_RECORDING_HOSTS": "127.0.0.1"}


@pytest.fixture
def calls(app: Flask) -> Calls:
    return Calls(app)


def row(call_id: int) -> Any:
    with db.engine.connect() as conn:
        return conn.execute(select(Recording).where(Recording.call_id == call_id)).one()


def fetch_due(app: Flask) -> int:
    pult = app.extensions["pult"]
    return recordings.fetch_due(pult.writer, db.engine, pult.settings)


def make_due(call_id: int) -> None:
    """As if the time until the next try had passed."""
    writer = db.session.get_bind()  # the engine of the application under test
    with writer.begin() as conn:  # type: ignore[union-attr]
        conn.execute(update(Recording).where(Recording.call_id == call_id).values(next_try_at=now()))


def test_a_recording_is_fetched_as_soon_as_the_push_names_it(
    app: Flask, calls: Calls, host: SoundHost
) -> None:
    call_id = calls.made(link=host.serve("/a.wav", TONE))
    assert fetch_due(app) == 1
    stored = row(call_id)
    assert (stored.state, stored.content_type, stored.size) == ("ready", "audio/wav", len(TONE))
    folder = recordings.folder(app.extensions["pult"].settings)
    assert (folder / stored.path).read_bytes() == TONE
    assert fetch_due(app) == 0


def test_a_late_file_is_tried_by_the_plan_and_then_given_up(
    app: Flask, calls: Calls, host: SoundHost
) -> None:
    call_id = calls.made(link=host.url("/late.wav"))
    for tried in range(1, len(TRIES_S) + 1):
        before = now()
        assert fetch_due(app) == 1
        stored = row(call_id)
        assert (stored.attempts, stored.error) == (tried, "http_404")
        if tried < len(TRIES_S):
            pause_ms = (TRIES_S[tried] - TRIES_S[tried - 1]) * 1000
            assert stored.next_try_at >= before + pause_ms
            assert stored.state == "new"
            assert fetch_due(app) == 0, "not before its time"
        make_due(call_id) if tried < len(TRIES_S) else None
    assert (stored.state, stored.next_try_at) == ("gone", None)


def test_a_file_that_comes_late_is_taken(app: Flask, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.url("/late.wav"))
    fetch_due(app)
    host.serve("/late.wav", TONE)
    make_due(call_id)
    fetch_due(app)
    assert row(call_id).state == "ready"


def test_a_host_that_is_not_named_is_refused_until_the_admin_names_it(
    app: Flask, calls: Calls, host: SoundHost
) -> None:
    host.serve("/a.wav", TONE)
    call_id = calls.made(link=f"http://localhost:{host.port}/a.wav")
    fetch_due(app)
    assert (row(call_id).state, row(call_id).error) == ("refused", "host_not_allowed")
    assert not host.asked
    writer = app.extensions["pult"].writer
    writer.write(connection.save_recording_hosts, None, "localhost")
    assert writer.write(recordings.retry_refused) == 1
    fetch_due(app)
    assert row(call_id).state == "ready"


def test_the_hosts_are_those_of_operator_admin_and_pbx(app: Flask, calls: Calls) -> None:
    pult = app.extensions["pult"]
    pult.writer.write(connection.save_recording_hosts, None, "records.example, more.example")
    pult.writer.write(connection.save_address, None, "https://Tenant.example/sys/crm_api.wcgp".lower(), None)
    with db.engine.connect() as conn:
        allowed = recordings.allowed(conn, replace(pult.settings, allow_private_hosts=False))
    assert allowed.hosts == {"127.0.0.1", "records.example", "more.example", "tenant.example"}
    assert not allowed.private


def test_a_page_of_html_is_not_tried_again(app: Flask, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.serve("/a.mp3", b"<html>log in</html>"))
    fetch_due(app)
    assert (row(call_id).state, row(call_id).error, row(call_id).next_try_at) == ("failed", "not_audio", None)


def test_two_are_fetched_at_once(app: Flask, calls: Calls, host: SoundHost) -> None:
    ids = [calls.made(link=host.serve(f"/{name}.wav", TONE)) for name in "abc"]
    assert fetch_due(app) == 2
    assert fetch_due(app) == 1
    assert {row(call_id).state for call_id in ids} == {"ready"}


def test_two_processes_do_not_fetch_the_same(app: Flask, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.url())
    writer = app.extensions["pult"].writer
    first = writer.write(recordings.claim, row(call_id).id)
    assert isinstance(first, Wanted)
    assert writer.write(recordings.claim, first.id) is None
    assert fetch_due(app) == 0


def test_what_a_dead_process_had_claimed_is_taken_up_again(app: Flask, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.serve("/a.wav", TONE))
    app.extensions["pult"].writer.write(recordings.claim, row(call_id).id)
    make_due(call_id)
    assert fetch_due(app) == 1
    assert row(call_id).state == "ready"


def test_listening_does_not_use_up_the_plan(app: Flask, calls: Calls, host: SoundHost) -> None:
    pult = app.extensions["pult"]
    call_id = calls.made(link=host.url("/late.wav"))
    fetch_due(app)
    planned = row(call_id)
    for _ in range(20):
        recordings.fetch_by_hand(pult.writer, db.engine, pult.settings, planned.id)
    assert (row(call_id).state, row(call_id).attempts) == ("new", 1)
    assert row(call_id).next_try_at == planned.next_try_at


def test_a_file_without_an_owner_is_removed(app: Flask, calls: Calls, host: SoundHost) -> None:
    """The row may go while its file is on the way, as when a transfer merges two calls."""
    pult = app.extensions["pult"]
    call_id = calls.made(link=host.serve("/a.wav", TONE))
    wanted = pult.writer.write(recordings.claim, row(call_id).id)
    calls.run(Recording.__table__.delete())
    place = recordings.allowed(db.session.connection(), pult.settings)
    fetched = recordings.fetch(wanted.link, place, recordings.folder(pult.settings))
    recordings._keep(pult.writer, pult.settings, wanted, fetched)
    assert not fetched.path.exists()


def test_each_talk_of_a_call_has_its_recording(app: Flask, calls: Calls, host: SoundHost) -> None:
    calls.made("ivan", callid="two", link=host.serve("/a.wav", TONE))
    call_id = calls.made("petr", callid="two", link=host.serve("/b.wav", TONE))
    calls.made("petr", callid="two", link=host.url("/b.wav"))
    with db.engine.connect() as conn:
        assert [found.person for found in recordings.of_call(conn, call_id)] == ["ivan", "petr"]


def test_listening_is_written_down_once_an_hour_and_session(
    app: Flask, calls: Calls, host: SoundHost
) -> None:
    user, writer = new_user(app).id, app.extensions["pult"].writer
    for session, recording in ((1, 5), (1, 5), (2, 5), (1, 6)):
        writer.write(recordings.note_listened, user, session, recording)

    def an_hour_later(unit: Unit) -> None:
        unit.now += 3_600_000
        recordings.note_listened(unit, user, 1, 5)

    writer.submit(an_hour_later)
    with db.engine.connect() as conn:
        heard = select(Audit.object_id).where(Audit.action == "recording.listened").order_by(Audit.id)
        assert list(conn.scalars(heard)) == ["5", "5", "6", "5"]

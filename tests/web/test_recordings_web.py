"""Listening: who may, in ranges, and what is said when there is nothing to hear."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Audit, Recording
from app.services import recordings
from tests.calls_made import Calls
from tests.personas import Actor
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


@pytest.fixture
def recorded(app: Flask, calls: Calls, host: SoundHost) -> int:
    """A call of ivan whose recording is here already."""
    call_id = calls.made("ivan", link=host.serve("/79000000001.wav", TONE))
    pult = app.extensions["pult"]
    recordings.fetch_due(pult.writer, db.engine, pult.settings)
    return call_id


def test_our_copy_is_streamed(supervisor: Actor, recorded: int) -> None:
    answer = supervisor.get(f"/calls/{recorded}/recording")
    assert answer.status_code == 200
    assert answer.data == TONE
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f'inline; filename="call-{recorded}.wav"'


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", TONE[:1]),
        ("bytes=100-199", TONE[100:200]),
        ("bytes=-10", TONE[-10:]),
        ("bytes=9-", TONE[9:]),
    ],
)
def test_a_range_is_a_part(supervisor: Actor, recorded: int, asked: str, part: bytes) -> None:
    answer = supervisor.get(f"/calls/{recorded}/recording", headers={"Range": asked})
    assert (answer.status_code, answer.data) == (206, part)
    assert answer.headers["Content-Range"].endswith(f"/{len(TONE)}")


def test_a_range_beyond_the_end_is_416(supervisor: Actor, recorded: int) -> None:
    answer = supervisor.get(f"/calls/{recorded}/recording", headers={"Range": f"bytes={len(TONE)}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(TONE)}"


def test_only_those_who_may_see_the_call_may_hear_it(
    agent: Actor, stranger: Actor, calls: Calls, recorded: int
) -> None:
    assert stranger.get(f"/calls/{recorded}/recording").status_code == 401
    assert agent.get(f"/calls/{recorded}/recording").status_code == 404
    calls.map("ivan", agent.id)
    assert agent.get(f"/calls/{recorded}/recording").status_code == 200


def test_a_recording_that_is_not_here_yet_is_fetched_now(
    supervisor: Actor, calls: Calls, host: SoundHost
) -> None:
    call_id = calls.made(link=host.serve("/a.wav", TONE))
    assert supervisor.get(f"/calls/{call_id}/recording").data == TONE


def test_one_that_has_not_come_yet_is_503(supervisor: Actor, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.url("/later.wav"))
    answer = supervisor.get(f"/calls/{call_id}/recording")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "127.0.0.1" not in answer.get_data(as_text=True)


def test_a_listener_does_not_wait_longer_than_is_promised(
    supervisor: Actor, calls: Calls, host: SoundHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.recordings.WAIT_S", 0.3)
    call_id = calls.made(link=host.serve("/slow.wav", TONE))
    assert supervisor.get(f"/calls/{call_id}/recording").status_code == 503
    host.hold.set()
    until = time.monotonic() + 10
    while supervisor.get(f"/calls/{call_id}/recording").status_code == 503:
        assert time.monotonic() < until, "the fetch that nobody waits for goes on"
        time.sleep(0.05)
    assert [path for path, _ in host.asked] == ["/slow.wav"]


@pytest.mark.parametrize("link", ["https://other.example/a.wav", "file:///etc/passwd"])
def test_one_that_may_not_be_fetched_is_404_in_words(supervisor: Actor, calls: Calls, link: str) -> None:
    call_id = calls.made(link=link)
    answer = supervisor.get(f"/calls/{call_id}/recording")
    assert answer.status_code == 404
    assert "other.example" not in answer.get_data(as_text=True)
    assert "<audio" not in supervisor.get(f"/calls/{call_id}").get_data(as_text=True)


def test_a_page_instead_of_a_sound_is_404(supervisor: Actor, calls: Calls, host: SoundHost) -> None:
    call_id = calls.made(link=host.serve("/a.mp3", b"<html><script>alert(1)</script>"))
    answer = supervisor.get(f"/calls/{call_id}/recording")
    assert answer.status_code == 404
    assert "alert" not in answer.get_data(as_text=True)


def test_each_talk_has_its_number(supervisor: Actor, calls: Calls, host: SoundHost) -> None:
    calls.made("ivan", callid="two", link=host.serve("/a.wav", TONE))
    call_id = calls.made("petr", callid="two", link=host.serve("/b.wav", TONE[:-100]))
    assert len(supervisor.get(f"/calls/{call_id}/recording").data) == len(TONE)
    assert supervisor.get(f"/calls/{call_id}/recording?n=1").data == TONE
    assert supervisor.get(f"/calls/{call_id}/recording?n=2").status_code in (200, 206)
    for number in ("0", "3", "-1", "x", "٢", "9" * 40):
        assert supervisor.get(f"/calls/{call_id}/recording?n={number}").status_code == 404


def test_a_call_without_a_recording_is_404(supervisor: Actor, calls: Calls) -> None:
    assert supervisor.get(f"/calls/{calls.made()}/recording").status_code == 404


def test_a_file_that_is_gone_from_the_disk_is_404(app: Flask, supervisor: Actor, recorded: int) -> None:
    for path in recordings.folder(app.extensions["pult"].settings).rglob("*.wav"):
        path.unlink()
    assert supervisor.get(f"/calls/{recorded}/recording").status_code == 404


def test_listening_is_written_down_once_however_often_it_is_sought_in(
    supervisor: Actor, recorded: int
) -> None:
    for start in range(5):
        supervisor.get(f"/calls/{recorded}/recording", headers={"Range": f"bytes={start}-"})
    with db.engine.connect() as conn:
        recording = conn.execute(select(Recording.id).where(Recording.call_id == recorded)).scalar_one()
        deeds = conn.execute(select(Audit).where(Audit.action == "recording.listened")).all()
    assert [(deed.actor_id, deed.object_id, deed.detail) for deed in deeds] == [
        (supervisor.id, str(recording), "")
    ]

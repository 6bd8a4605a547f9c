"""Fetching a recording from a host that may be anything."""

from __future__ import annotations

import gzip
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services import fetching
from app.services.fetching import Allowed, FetchFailed, fetch, sniff
from tests.sound_host import TONE, SoundHost, sound_host


@pytest.fixture
def host() -> Iterator[SoundHost]:
    with sound_host() as running:
        yield running


@pytest.fixture
def allowed() -> Allowed:
    return Allowed(frozenset({"127.0.0.1"}), private=True)


def failure(link: str, allowed: Allowed, folder: Path, total_s: float = 20) -> FetchFailed:
    with pytest.raises(FetchFailed) as failed:
        fetch(link, allowed, folder, total_s=total_s)
    assert not list(folder.glob("*")), "a failed fetch leaves no file"
    return failed.value


def test_a_sound_becomes_a_private_file_without_its_old_name(
    host: SoundHost, allowed: Allowed, tmp_path: Path
) -> None:
    link = host.serve("/ivan_in_2026_79000000001.wav", TONE, **{"Content-Type": "text/html"})
    fetched = fetch(link, allowed, tmp_path / "2026" / "11")
    assert fetched.path.read_bytes() == TONE
    assert (fetched.content_type, fetched.size) == ("audio/wav", len(TONE))
    assert stat.S_IMODE(fetched.path.stat().st_mode) == 0o600
    assert "79000000001" not in str(fetched.path)
    assert fetched.path.suffix == ".wav"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"ID3\x04" + b"\0" * 20, "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + b"\0" * 20, "audio/mpeg"),
        (b"\xff\xe3\x18\xc4" + b"\0" * 20, "audio/mpeg"),  # MPEG 2.5, layer III: 8 kHz
        (b"OggS" + b"\0" * 20, "audio/ogg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
    ],
)
def test_the_kind_is_told_by_the_first_bytes(head: bytes, kind: str) -> None:
    sound = sniff(head)
    assert sound is not None
    assert sound.content_type == kind


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>log in first</html>",
        b"RIFF\0\0\0\0AVI LIST",
        b"\xff\xfe<\0h\0",
        b"\xff",
        b"MZ\x90\0",
        b"%PDF",
    ],
)
def test_what_is_no_sound_is_refused_whatever_it_is_called(
    host: SoundHost, allowed: Allowed, tmp_path: Path, body: bytes
) -> None:
    failed = failure(host.serve("/a.mp3", body, **{"Content-Type": "audio/mpeg"}), allowed, tmp_path)
    assert (failed.code, failed.again) == ("not_audio", False)


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("http://other.example/a.mp3", "host_not_allowed"),
        ("http://127.0.0.1.other.example/a.mp3", "host_not_allowed"),
        ("http://localhost/a.mp3", "host_not_allowed"),
        ("http://2130706433/a.mp3", "host_not_allowed"),
        ("http://user:secret@127.0.0.1/a.mp3", "bad_link"),
        ("http://127.0.0.1@other.example/a.mp3", "bad_link"),
        ("file:///etc/passwd", "bad_link"),
        ("ftp://127.0.0.1/a.mp3", "bad_link"),
        ("gopher://127.0.0.1/a.mp3", "bad_link"),
        ("javascript:alert(1)", "bad_link"),
        ("//127.0.0.1/a.mp3", "bad_link"),
        ("http://127.0.0.1:99999/a.mp3", "bad_link"),
        ("http://127.0.0.1\\@other.example/a.mp3", "bad_link"),
        ("http://127.0.0.1/a b.mp3", "bad_link"),
        ("http://127.0.0.1/a\r\nHost: other.example", "bad_link"),
        ("http://[::1/a.mp3", "bad_link"),
        ("not a link", "bad_link"),
        ("", "bad_link"),
    ],
)
def test_only_named_hosts_are_asked(
    host: SoundHost, allowed: Allowed, tmp_path: Path, link: str, code: str
) -> None:
    failed = failure(link, allowed, tmp_path)
    assert (failed.code, failed.again) == (code, False)
    assert not host.asked


def test_without_the_switch_neither_http_nor_a_private_address(host: SoundHost, tmp_path: Path) -> None:
    strict = Allowed(frozenset({"127.0.0.1", "localhost"}))
    assert failure(host.url(), strict, tmp_path).code == "bad_link"
    assert failure(f"https://localhost:{host.port}/a.wav", strict, tmp_path).code == "private_address"
    assert not host.asked


def test_redirects_are_followed_only_among_named_hosts(
    host: SoundHost, allowed: Allowed, tmp_path: Path
) -> None:
    host.serve("/there.wav", TONE)
    assert fetch(host.serve("/hop", b"", 302, Location="/there.wav"), allowed, tmp_path).size == len(TONE)
    abroad = host.serve("/abroad", b"", 302, Location="http://other.example/a.wav")
    assert failure(abroad, allowed, tmp_path / "b").code == "host_not_allowed"
    down = host.serve("/down", b"", 302, Location="file:///etc/passwd")
    assert failure(down, allowed, tmp_path / "c").code == "bad_link"
    loop = host.serve("/loop", b"", 302, Location="/loop")
    assert failure(loop, allowed, tmp_path / "d").code == "redirects"
    assert [path for path, _ in host.asked].count("/loop") == 4


def test_no_credentials_or_cookies_travel(host: SoundHost, allowed: Allowed, tmp_path: Path) -> None:
    host.serve("/hop", b"", 302, Location="/a.wav", **{"Set-Cookie": "id=1"})
    host.serve("/a.wav", TONE)
    fetch(host.url("/hop"), allowed, tmp_path)
    for _, headers in host.asked:
        assert not {name.lower() for name in headers} & {"authorization", "cookie", "referer"}


@pytest.mark.parametrize(
    ("status", "again"), [(404, True), (500, True), (503, True), (403, False), (410, False)]
)
def test_a_missing_file_may_come_later_a_forbidden_one_will_not(
    host: SoundHost, allowed: Allowed, tmp_path: Path, status: int, again: bool
) -> None:
    failed = failure(host.serve("/a.wav", b"no", status), allowed, tmp_path)
    assert (failed.code, failed.again) == (f"http_{status}", again)


def test_too_much_is_not_kept(
    host: SoundHost, allowed: Allowed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    assert failure(host.serve("/a.wav", TONE), allowed, tmp_path).code == "too_big"
    bomb = host.serve(
        "/b.wav", gzip.compress(b"RIFF\0\0\0\0WAVE" + b"\0" * 100_000), **{"Content-Encoding": "gzip"}
    )
    assert failure(bomb, allowed, tmp_path).code == "too_big"


def test_a_file_cut_short_is_not_kept(host: SoundHost, allowed: Allowed, tmp_path: Path) -> None:
    link = host.serve("/a.wav", TONE, **{"Content-Length": str(len(TONE) + 10)})
    assert failure(link, allowed, tmp_path).again


def test_a_host_that_sends_a_byte_at_a_time_is_left(
    host: SoundHost, allowed: Allowed, tmp_path: Path
) -> None:
    failed = failure(host.serve("/drip.wav", TONE), allowed, tmp_path, total_s=1)
    assert (failed.code, failed.again) == ("timeout", True)


def test_a_host_that_is_away_may_come_back(host: SoundHost, tmp_path: Path, allowed: Allowed) -> None:
    failed = failure("http://127.0.0.1:9/a.wav", allowed, tmp_path)
    assert (failed.code, failed.again) == ("unreachable", True)


def test_a_full_disk_is_tried_again(host: SoundHost, allowed: Allowed, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchFailed) as failed:
        fetch(host.serve("/a.wav", TONE), allowed, tmp_path / "file")
    assert (failed.value.code, failed.value.again) == ("disk", True)


def test_the_link_stands_in_no_log_and_no_exception(
    host: SoundHost, allowed: Allowed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fetch(host.serve("/secret-79000000001.wav", TONE), allowed, tmp_path)
    for path in ("/missing-79000000001.wav", "/slow-79000000001.wav"):
        with pytest.raises(FetchFailed) as failed:
            fetch(host.url(path), allowed, tmp_path, total_s=0.5)
        assert "79000000001" not in repr(failed.value)
        assert failed.value.__cause__ is None
        assert failed.value.__suppress_context__ or failed.value.__context__ is None
    assert "79000000001" not in caplog.text

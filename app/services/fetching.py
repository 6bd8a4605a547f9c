"""Fetching a recording: an untrusted link in, a checked file of sound out.

The link came in a push (specification, section 4.1.1), so it may name any host, answer with anything and
never end. It also holds the client's number: it stands in no exception, no log and no file name.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from app.pbx.guard import Guard

LARGEST = 200 * 1024 * 1024
TOTAL_S = 300.0
CONNECT_S = 10.0
READ_S = 20.0
REDIRECTS = 3
CHUNK = 64 * 1024
LONGEST_MAGIC = 12
HEADERS = {"Accept": "audio/*", "Accept-Encoding": "identity", "User-Agent": "Pult"}

# It would log each address it asks for.
logging.getLogger("urllib3").setLevel(logging.INFO)


class FetchFailed(Exception):
    """The recording did not come. `code` says why; `again`: it may come later."""

    def __init__(self, code: str, *, again: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.again = again


@dataclass(frozen=True)
class Allowed:
    """Where recordings may come from. Private addresses and http only with `private`."""

    hosts: frozenset[str]
    private: bool = False


@dataclass(frozen=True)
class Fetched:
    """The file, its type by its own first bytes, its size in bytes."""

    path: Path
    content_type: str
    size: int


@dataclass(frozen=True)
class Sound:
    """A kind of file a browser can play."""

    content_type: str
    extension: str


MP3 = Sound("audio/mpeg", "mp3")
WAV = Sound("audio/wav", "wav")
OGG = Sound("audio/ogg", "ogg")


def fetch(link: str, allowed: Allowed, folder: Path, *, total_s: float = TOTAL_S) -> Fetched:
    """Download `link` into a new file in `folder` (made when missing), within `total_s` seconds.

    Raises FetchFailed: refused (host_not_allowed, bad_link, private_address), of no use (not_audio,
    too_big, http_4xx), or to be tried again (http_404, http_5xx, unreachable, timeout, disk).
    """
    ends_at = monotonic() + total_s
    address = link.strip()
    for _ in range(REDIRECTS + 1):
        check(address, allowed)
        with Guard(
            allow_private=allowed.private, connect_timeout=CONNECT_S, total=max(0.1, ends_at - monotonic())
        ) as guard:
            onward, fetched = _exchange(guard, address, folder)
        if fetched is not None:
            return fetched
        address = urljoin(address, onward)
    raise FetchFailed("redirects")


def check(address: str, allowed: Allowed) -> None:
    """Raise FetchFailed unless the address may be asked at all."""
    parts = _split(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed.private):
        raise FetchFailed("bad_link")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise FetchFailed("bad_link")
    # A host named without a port stands for every port of it.
    if parts.hostname.lower() not in allowed.hosts and parts.netloc.lower() not in allowed.hosts:
        raise FetchFailed("host_not_allowed")


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise FetchFailed("bad_link") from None
    if not address.isascii() or re.search(r"[\x00-\x20\\]", address):
        raise FetchFailed("bad_link")
    return parts


def _exchange(guard: Guard, address: str, folder: Path) -> tuple[str, Fetched | None]:
    """One request: where it leads on, or the file."""
    try:
        with (
            guard.session() as session,
            session.get(
                address, headers=HEADERS, stream=True, allow_redirects=False, timeout=(CONNECT_S, READ_S)
            ) as response,
        ):
            if response.is_redirect:
                return response.headers["Location"], None
            _check_status(response)
            return "", _save(response, folder)
    except (requests.RequestException, ValueError):
        # Their messages name the address; a cut-off by the guard looks like any other broken connection.
        code = "private_address" if guard.private else "timeout" if guard.expired else "unreachable"
        raise FetchFailed(code, again=code != "private_address") from None
    except OSError:
        raise FetchFailed("disk", again=True) from None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 404 or status >= 500:  # the file lags the history
        raise FetchFailed(f"http_{status}", again=True)
    if status != 200:
        raise FetchFailed(f"http_{status}")
    if _declared(response) > LARGEST:
        raise FetchFailed("too_big")


def _declared(response: requests.Response) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else 0


def _save(response: requests.Response, folder: Path) -> Fetched:
    """Write the body beside its place, and move it there once it is whole and on the disk."""
    chunks = response.iter_content(CHUNK)
    head = _head(chunks)
    sound = sniff(head)
    if sound is None:
        raise FetchFailed("not_audio")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(16)}.{sound.extension}"
    part = path.with_suffix(".part")
    try:
        size = _write(part, chain([head], chunks))
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(folder)
    return Fetched(path, sound.content_type, size)


def _head(chunks: Iterator[bytes]) -> bytes:
    """The first bytes of a body, as many as telling its kind takes."""
    head = b""
    while len(head) < LONGEST_MAGIC and (chunk := next(chunks, b"")):
        head += chunk
    return head


def sniff(head: bytes) -> Sound | None:
    """The kind of a file by its first bytes; None when it is no sound, whatever its server says."""
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"OggS"):
        return OGG
    return MP3 if head.startswith(b"ID3") or _is_frame(head) else None


def _is_frame(head: bytes) -> bool:
    """Whether an MPEG audio frame begins here: eleven bits set, then a version, layer and rates that exist.

    Layer I is left out: nobody records with it, and a text in UTF-16 begins like one.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    is_version, layer = head[1] & 0x18 != 0x08, head[1] & 0x06
    return is_version and layer in (0x02, 0x04) and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C


def _write(part: Path, chunks: Iterable[bytes]) -> int:
    """Write the chunks to a new file only we may read, down to the disk; returns its size in bytes."""
    size = 0
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            size += file.write(chunk)
            if size > LARGEST:
                raise FetchFailed("too_big")
        file.flush()
        os.fsync(file.fileno())
    return size


def _sync(folder: Path) -> None:
    """Make the new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

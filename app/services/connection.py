"""The way to the PBX: its address, our key for it, and the hosts its recordings may come from."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import InvalidToken
from sqlalchemy import Connection, insert, select, update

from app.config import Settings
from app.models import Pbx
from app.pbx.client import PbxClient, PbxError
from app.services import audit, secrets
from app.services.changes import Change
from app.services.writer import Unit

log = logging.getLogger(__name__)

PBX_ID = 1
API_PATH = "/sys/crm_api.wcgp"  # the one entry point of the PBX (specification, section 4.2)

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?")
_BRACKETED = re.compile(r"\[[0-9a-f:.]+\](:[0-9]{1,5})?")


class BadAddress(ValueError):
    """An address that cannot be the PBX's. `code` says what is wrong with it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Connected:
    """How the PBX is reached. `tail`: the last characters of the key, to tell it by; empty without one.

    `source`: stored (the admin's room), environment, or none.
    """

    url: str
    tail: str
    recording_hosts: tuple[str, ...]
    source: str

    @property
    def host(self) -> str:
        """What a person calls the address: the tenant's host."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of asking the PBX for its users. `code`: ok, not_connected, or a code of PbxError."""

    code: str
    users: int = 0
    took_ms: int = 0


def ensure_pbx(unit: Unit) -> int:
    """The id of the one PBX; its row is made when it is first needed."""
    if ("pbx", PBX_ID) not in unit.cache:
        if unit.conn.scalar(select(Pbx.id).where(Pbx.id == PBX_ID)) is None:
            unit.conn.execute(insert(Pbx).values(id=PBX_ID, created_at=unit.now))
        unit.cache["pbx", PBX_ID] = PBX_ID
    return PBX_ID


def parse_address(text: str, *, allow_http: bool = False) -> str:
    """The API's address from what the admin typed: `tenant.example`, `https://tenant.example` or all of it.

    Raises BadAddress. http is accepted only with `allow_http` (PULT_ALLOW_PRIVATE_HOSTS).
    """
    text = text.strip()
    if not text:
        raise BadAddress("empty")
    parts = _split(text if "://" in text else f"https://{text}")
    if parts.scheme not in (("https", "http") if allow_http else ("https",)):
        raise BadAddress("scheme")
    host = _ascii(parts.netloc)
    if not (_HOST.fullmatch(host) or _BRACKETED.fullmatch(host)):
        raise BadAddress("host")
    if parts.path.rstrip("/") not in ("", API_PATH) or parts.query or parts.fragment:
        raise BadAddress("path")
    return f"{parts.scheme}://{host}{API_PATH}"


def save_address(unit: Unit, by: int | None, url: str, token: bytes | None) -> None:
    """Keep the address, and the encrypted key unless it is None: the key there stays then."""
    values = {"url": url} if token is None else {"url": url, "token": token}
    unit.conn.execute(update(Pbx).where(Pbx.id == ensure_pbx(unit)).values(**values))
    audit.record(unit, by, "pbx_connected", "pbx", PBX_ID, "address" if token is None else "address and key")
    unit.changes.append(Change("settings", 0))


def save_recording_hosts(unit: Unit, by: int | None, text: str) -> None:
    """Keep the hosts, separated by commas, spaces or lines. Raises BadAddress for what is no host name."""
    hosts = dict.fromkeys(_ascii(word) for word in re.split(r"[\s,;]+", text) if word)
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise BadAddress("bad_recording_host")
    values = {"recording_hosts": ",".join(hosts)}
    unit.conn.execute(update(Pbx).where(Pbx.id == ensure_pbx(unit)).values(**values))
    audit.record(unit, by, "recording_hosts_set", "pbx", PBX_ID)
    unit.changes.append(Change("settings", 0))


def read(conn: Connection, settings: Settings) -> Connected:
    """How the PBX is reached now. What the admin stored goes before the environment."""
    row = conn.execute(select(Pbx.url, Pbx.token, Pbx.recording_hosts).where(Pbx.id == PBX_ID)).first()
    hosts = tuple(host for host in (row.recording_hosts if row else "").split(",") if host)
    if row and row.url:
        token = _decrypted(settings, row.token)
        return Connected(row.url, token[-4:], hosts, "stored")
    if settings.pbx_url:
        return Connected(settings.pbx_url, settings.pbx_token[-4:], hosts, "environment")
    return Connected("", "", hosts, "none")


def client(conn: Connection, settings: Settings, *, total: float = 30) -> PbxClient | None:
    """A client of the configured PBX, or None without an address or a key. `total`: seconds per request."""
    row = conn.execute(select(Pbx.url, Pbx.token).where(Pbx.id == PBX_ID)).first()
    if row and row.url and row.token:
        url, token = row.url, _decrypted(settings, row.token)
    elif settings.pbx_url and settings.pbx_token:
        allow_http = settings.allow_private_hosts
        url, token = parse_address(settings.pbx_url, allow_http=allow_http), settings.pbx_token
    else:
        return None
    return PbxClient(url, token, allow_private=settings.allow_private_hosts, total=total) if token else None


def is_configured(conn: Connection, settings: Settings) -> bool:
    """Whether there are an address and a key of the PBX."""
    found = read(conn, settings)
    return bool(found.url and found.tail)


def probe(pbx: PbxClient | None) -> Probe:
    """Ask the PBX for its users, to see whether address and key are right. Takes up to 30 s."""
    if pbx is None:
        return Probe("not_connected")
    begun = time.monotonic()
    try:
        users = len(pbx.accounts())
    except PbxError as error:
        return Probe(error.code)
    return Probe("ok", users, int((time.monotonic() - begun) * 1000))


def _decrypted(settings: Settings, token: bytes | None) -> str:
    """The stored key; empty when there is none, or when the key file is another one now."""
    try:
        return secrets.decrypt(settings.data_dir, token).decode() if token else ""
    except InvalidToken:
        log.error("the key of the PBX was stored with another key file: enter it anew")
        return ""


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise BadAddress("host") from None


def _ascii(host: str) -> str:
    """A host as DNS knows it: lower-case, national letters as punycode."""
    try:
        return host.strip().lower().encode("idna").decode() if not host.isascii() else host.strip().lower()
    except UnicodeError:
        raise BadAddress("host") from None

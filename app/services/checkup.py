"""Is everything set up? Each check is a code with values; the command line and the page put it in words."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, select

from app.config import Settings
from app.models import Push, Setting
from app.pbx.client import PbxClient
from app.pbx.protocol import open_envelope
from app.pbx.times import parse_start
from app.services import accounts, connection, crm_keys, inbox, schema
from app.services.clock import now
from app.services.upsert import upsert
from app.services.writer import Unavailable, Unit, Writer

Level = Literal["ok", "warn", "fail"]

MIB = 1024 * 1024
LITTLE_DISK = 1024 * MIB
NO_DISK = 100 * MIB
QUIET_MS = 24 * 3600 * 1000
SKEW_MS = 60_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the check-up: what was looked at (`code`), how it stands, and the values of its words."""

    code: str
    level: Level
    values: dict[str, Any] = field(default_factory=dict)


def local(conn: Connection, settings: Settings, writer: Writer) -> Iterator[Check]:
    """What can be told at once, without asking the PBX. The database must be there and migrated."""
    yield data_dir(settings.data_dir)
    yield disk(settings.data_dir)
    yield writable(writer)
    yield public_url(settings)
    yield keys(conn, settings)
    yield last_push(conn)
    yield mapping(conn)
    yield recording_hosts(conn, settings)
    yield clock(conn, settings)


def data_dir(path: Path) -> Check:
    """The data directory holds keys and recordings: nobody else may look in."""
    if not path.is_dir():
        return Check("data_dir_missing", "fail", {"path": str(path)})
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check("data_dir_open", "warn", {"path": str(path), "mode": f"{mode:04o}"})
    return Check("data_dir", "ok", {"path": str(path)})


def disk(path: Path) -> Check:
    """A full disk loses pushes."""
    free = shutil.disk_usage(path).free
    level: Level = "fail" if free < NO_DISK else "warn" if free < LITTLE_DISK else "ok"
    return Check("disk" if level == "ok" else "disk_full", level, {"free_mib": free // MIB})


def migrated(conn: Connection) -> Check:
    """Whether the tables are those of this version."""
    there, newest = schema.current(conn), schema.newest()
    if there == newest:
        return Check("migrated", "ok", {"revision": there})
    return Check("not_migrated", "fail", {"revision": there or "-", "newest": newest})


def writable(writer: Writer) -> Check:
    """Whether a row can be written, in a real transaction that leaves nothing behind."""
    try:
        writer.write(_write_and_remove)
    except (Unavailable, TimeoutError) as error:
        return Check("not_writable", "fail", {"why": str(error)})
    return Check("writable", "ok")


def _write_and_remove(unit: Unit) -> None:
    upsert(unit.conn, Setting, {"name": "checkup"}, {"value": "0"})
    unit.conn.execute(delete(Setting).where(Setting.name == "checkup"))


def public_url(settings: Settings) -> Check:
    """Whether the PBX and browsers elsewhere can reach us, and not in the clear."""
    if not settings.public_url:
        return Check("public_url_unset", "warn", {"url": settings.local_url})
    parts = urlsplit(settings.public_url)
    if parts.hostname in LOOPBACK:
        return Check("public_url_loopback", "warn", {"url": settings.public_url})
    if parts.scheme != "https":
        return Check("public_url_http", "warn", {"url": settings.public_url})
    return Check("public_url", "ok", {"url": settings.public_url})


def keys(conn: Connection, settings: Settings) -> Check:
    """Without an active key every push is refused."""
    count = len(crm_keys.active_digests(conn, settings))
    return Check("keys", "ok", {"count": count}) if count else Check("no_keys", "fail")


def last_push(conn: Connection) -> Check:
    """Feeds die silently: one was dead for 94 days, unnoticed."""
    last = inbox.latest(conn)
    if last is None:
        return Check("no_push", "warn")
    quiet_s = max(0, now() - last.received_at) // 1000
    if quiet_s * 1000 > QUIET_MS:
        return Check("quiet", "warn", {"hours": quiet_s // 3600})
    return Check("last_push", "ok", {"seconds": quiet_s})


def mapping(conn: Connection) -> Check:
    """Calls of a PBX user that nobody is mapped to pop up on no screen."""
    count = accounts.count(conn, connection.PBX_ID)
    if not count:
        return Check("no_accounts", "warn")
    missing = accounts.unmapped(conn, connection.PBX_ID)
    if missing:
        return Check("unmapped", "warn", {"count": missing, "of": count})
    return Check("mapped", "ok", {"count": count})


def recording_hosts(conn: Connection, settings: Settings) -> Check:
    """Recordings are fetched from named hosts only."""
    hosts = settings.recording_hosts + connection.read(conn, settings).recording_hosts
    if not hosts:
        return Check("no_recording_hosts", "warn")
    return Check("recording_hosts", "ok", {"hosts": ", ".join(dict.fromkeys(hosts))})


def clock(conn: Connection, settings: Settings) -> Check:
    """Our clock against the PBX's: a history comes a few seconds after the call that it tells of."""
    query = select(Push.received_at, Push.body, Push.content_type).where(
        Push.cmd == "history", Push.source == "http", Push.state == "ok"
    )
    late: list[int] = []
    for received_at, body, content_type in conn.execute(query.order_by(Push.id.desc()).limit(20)):
        fields = open_envelope(body, content_type).fields
        began = parse_start(fields.get("start", ""), settings.zone)
        if began is not None:
            late.append(received_at - began - 1000 * (_s(fields, "wait") + _s(fields, "duration")))
    if not late:
        return Check("clock_unknown", "ok")
    skew_ms = int(median(late))
    level: Level = "ok" if abs(skew_ms) <= SKEW_MS else "warn"
    return Check("clock" if level == "ok" else "clock_off", level, {"seconds": abs(skew_ms) // 1000})


def _s(fields: dict[str, str], name: str) -> int:
    text = fields.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def reachable(pbx: PbxClient | None) -> Check:
    """Whether the PBX takes our key. Takes up to 30 s."""
    found = connection.probe(pbx)
    if found.code == "ok":
        return Check("pbx", "ok", {"users": found.users, "ms": found.took_ms})
    return Check("pbx_failed", "fail", {"code": found.code})

"""The keys the PBX shows us as `crm_token`: made here, shown once, kept as SHA-256."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from app.config import Settings
from app.models import CrmKey
from app.services import audit
from app.services.changes import Change
from app.services.connection import PBX_ID, ensure_pbx
from app.services.secrets import digest
from app.services.writer import Unit

MIRROR = "crm_keys.json"


@dataclass(frozen=True, slots=True)
class Key:
    """One key as the admin sees it; `tail` tells keys apart and tells nothing about the key."""

    id: int
    label: str
    tail: str
    created_at: int
    revoked_at: int | None


def add(unit: Unit, by: int | None, key: str, label: str = "") -> int:
    """Let the PBX in with `key` from now on; call `mirror` after the commit. Returns the key's id."""
    row = {"pbx_id": ensure_pbx(unit), "digest": digest(key), "label": label.strip()[:100]}
    added = unit.conn.execute(insert(CrmKey).values(**row, created_at=unit.now).returning(CrmKey.id))
    key_id = int(added.scalar_one())
    audit.record(unit, by, "key_made", "crm_key", key_id)
    unit.changes.append(Change("settings", 0))
    return key_id


def revoke(unit: Unit, by: int | None, key_id: int) -> bool:
    """Let nobody in with this key any more; call `mirror` after the commit. False when it was not active."""
    active = update(CrmKey).where(CrmKey.id == key_id, CrmKey.revoked_at.is_(None))
    revoked = unit.conn.execute(active.values(revoked_at=unit.now)).rowcount == 1
    if revoked:
        audit.record(unit, by, "key_revoked", "crm_key", key_id)
        unit.changes.append(Change("settings", 0))
    return revoked


def every(conn: Connection) -> list[Key]:
    """All keys ever made, the active ones first, the newest first among them."""
    order = (CrmKey.revoked_at.is_not(None), CrmKey.id.desc())
    columns = (CrmKey.id, CrmKey.label, CrmKey.digest, CrmKey.created_at, CrmKey.revoked_at)
    return [
        Key(row.id, row.label, row.digest[-4:], row.created_at, row.revoked_at)
        for row in conn.execute(select(*columns).order_by(*order))
    ]


def active_digests(conn: Connection, settings: Settings) -> dict[str, int]:
    """Digests of all keys that are let in, each with the id of the PBX it belongs to."""
    stored = select(CrmKey.digest, CrmKey.pbx_id).where(CrmKey.revoked_at.is_(None))
    return {**_from_environment(settings), **{row.digest: row.pbx_id for row in conn.execute(stored)}}


def mirror(conn: Connection, settings: Settings) -> None:
    """Copy the stored keys' digests to the data directory: the spool checks them while the database is away.

    PULT_CRM_TOKEN is left out: it is known without the database, and may be another one tomorrow.
    """
    stored = select(CrmKey.digest, CrmKey.pbx_id).where(CrmKey.revoked_at.is_(None))
    text = json.dumps({row.digest: row.pbx_id for row in conn.execute(stored)})
    _replace(settings.data_dir / MIRROR, text)


def mirrored_digests(settings: Settings) -> dict[str, int]:
    """The same as `active_digests`, without the database: from the last mirror."""
    try:
        stored: dict[str, int] = json.loads((settings.data_dir / MIRROR).read_text())
    except FileNotFoundError:
        stored = {}
    return {**_from_environment(settings), **stored}


def _from_environment(settings: Settings) -> dict[str, int]:
    return {digest(settings.crm_token): PBX_ID} if settings.crm_token else {}


def _replace(path: Path, text: str) -> None:
    """Write a file that is 0600 and whole at any moment."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)

"""The demo's company: its people, numbers, contacts and the calls of the last days."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.models import Did, PbxAccount
from app.pbx.company import CLIENTS, DIDS, PEOPLE
from app.pbx.traffic import PastPush, backlog
from app.runtime import Runtime
from app.services import accounts, contacts, intake, passwords, people, settings
from app.services.clock import now
from app.services.connection import PBX_ID
from app.services.contacts import NewContact
from app.services.intake import Incoming
from app.services.upsert import upsert
from app.services.writer import Unit

UNMAPPED = "ilya"  # left for the admin to try the mapping
AGENT = PEOPLE[0]
STAFF = (
    ("supervisor@skazka.example", "Кощей Бессмертный", "supervisor"),
    ("admin@skazka.example", "Баба Яга", "admin"),
)
DAYS = 8
AT_ONCE = 200
FORM = "application/x-www-form-urlencoded"


def furnish(runtime: Runtime, password: str) -> None:
    """People who may log in with `password`, PBX users mapped to them, labelled numbers, contacts."""
    hashed = passwords.make(password)
    runtime.writer.write(_people, hashed)
    runtime.writer.write(_numbers)
    runtime.writer.write(_contacts)


def _people(unit: Unit, hashed: str) -> None:
    accounts.sync(unit, PBX_ID, PEOPLE)
    for account in PEOPLE:
        email = account.email or f"{account.name}@skazka.example"
        user_id = people.add(
            unit, None, email=email, name=account.real_name or account.name, role="agent", password=hashed
        )
        if account.name != UNMAPPED:
            people.map_login(unit, PBX_ID, account.name, user_id)
    for email, name, role in STAFF:
        user_id = people.add(unit, None, email=email, name=name, role=role, password=hashed)
        if role == "supervisor":
            for switch in ("missed_makes_contact", "outgoing_makes_contact", "keep_unmapped"):
                settings.put(unit, switch, True)
            settings.put(unit, "senior_user", user_id)
            settings.put(unit, "default_user", user_id)


def _numbers(unit: Unit) -> None:
    for did in DIDS:
        upsert(unit.conn, Did, {"number": f"+{did.number}"}, {"label": did.label, "pops": True})


def _contacts(unit: Unit) -> None:
    for client in CLIENTS:
        owner = select(PbxAccount.user_id).where(PbxAccount.login == (client.responsible or ""))
        new = NewContact(
            phones=[client.phone],
            name=client.name,
            company=client.company or "",
            responsible_id=unit.conn.execute(owner).scalar(),
            source="import",
        )
        contacts.create(unit, new)


def remember(runtime: Runtime, pbx_url: str, progress: Callable[[int, int], None]) -> None:
    """Take the calls of the last days in, as if they had been pushed when they happened."""
    zone: ZoneInfo = runtime.settings.zone
    past = list(backlog(DAYS, now(), zone=zone, record_base=pbx_url))
    for start in range(0, len(past), AT_ONCE):
        runtime.writer.write(_take, runtime, past[start : start + AT_ONCE])
        progress(min(start + AT_ONCE, len(past)), len(past))


def _take(unit: Unit, runtime: Runtime, batch: list[PastPush]) -> None:
    for push in batch:
        body = urlencode(push.form).encode()
        incoming = Incoming.read_again(PBX_ID, push.at, FORM, body, source="http")
        intake.store(unit, incoming, runtime.limits)

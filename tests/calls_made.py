"""Calls for tests of the log, made as the PBX makes them: by pushes to POST /pbx."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, update

from app.extensions import db
from app.models import Base, Call, Contact, ContactPhone, Did, PbxAccount
from app.services import settings
from app.services.clock import now
from app.services.writer import Unit

KEY = "TEST-CRM-TOKEN"
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
OURS = "+74950000001"


class Calls:
    """Makes finished calls; `ago` is milliseconds before now."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.writer = app.extensions["pult"].writer
        self._numbers = count(1)
        self.begun_at = now()

    def push(self, **form: Any) -> None:
        answer = self.client.post("/pbx", data={"crm_token": KEY, **form})
        assert answer.status_code == 200, answer.get_data(as_text=True)

    def made(self, login: str = "ivan", *, ago: float = MINUTE, callid: str = "", **form: Any) -> int:
        """A call the PBX has told by its history; answered and incoming unless `form` says otherwise."""
        callid = callid or f"c-{next(self._numbers)}"
        start = datetime.fromtimestamp((self.begun_at - ago) / 1000, UTC)
        fields = {
            "cmd": "history",
            "type": "in",
            "status": "Success",
            "phone": "79000000001",
            "diversion": OURS.removeprefix("+"),
            "duration": "61",
            "wait": "4",
            "start": start.strftime("%Y%m%dT%H%M%SZ"),
        }
        self.push(**{**fields, "user": login, "callid": callid, **form})
        return self.id_of(callid)

    def missed(self, login: str = "ivan", **form: Any) -> int:
        """An incoming call that nobody answered."""
        return self.made(login, status="Missed", duration="0", **form)

    def id_of(self, callid: str) -> int:
        with db.engine.connect() as conn:
            query = select(Call.id).where(Call.callid == callid).order_by(Call.id.desc())
            return int(conn.execute(query).scalars().first() or 0)

    def map(self, login: str, user_id: int | None) -> int:
        """Say whose PBX user this is; it is made when it is not known yet."""

        def job(unit: Unit) -> int:
            where = PbxAccount.login == login
            found = unit.conn.execute(select(PbxAccount.id).where(where)).scalar()
            if found is None:
                row = {"pbx_id": 1, "login": login, "enabled": True}
                found = unit.conn.execute(
                    insert(PbxAccount).values(row).returning(PbxAccount.id)
                ).scalar_one()
            unit.conn.execute(update(PbxAccount).where(PbxAccount.id == found).values(user_id=user_id))
            return int(found)

        return int(self.writer.submit(job))

    def contact(self, number: str, name: str, company: str = "") -> int:
        """A contact with one number, in E.164."""
        row = {"name": name, "company": company, "source": "manual", "created_at": now()}
        contact_id = self.add(Contact, row)
        self.writer.submit(
            lambda unit: (
                unit.conn.execute(insert(ContactPhone).values(number=number, contact_id=contact_id)).rowcount
            )
        )
        return contact_id

    def label(self, number: str, label: str) -> None:
        self.run(update(Did).where(Did.number == number).values(label=label))

    def switch(self, **values: Any) -> None:
        for name, value in values.items():
            self.writer.write(settings.put, name, value)

    def add(self, model: type[Base], row: dict[str, Any]) -> int:
        key: Any = model
        statement = insert(model).values(row).returning(key.id)
        return int(self.writer.submit(lambda unit: unit.conn.execute(statement).scalar_one()))

    def run(self, statement: Any) -> int:
        return int(self.writer.submit(lambda unit: unit.conn.execute(statement).rowcount))

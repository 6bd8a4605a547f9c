"""An installation beside a PBX that keeps a list of its calls: helpers of the tests of reconciling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Call, CallKey, PbxAccount
from app.pbx.client import PbxClient
from app.pbx.fake import FakePbx
from app.pbx.replies import Reply
from app.services import reconcile
from app.services.clock import now
from app.services.reconcile import Repaired
from app.services.reconcile_log import Last, last
from tests.services.pushes import CLIENT, OURS, take

TOKEN = "TEST-PBX-TOKEN"
RECORD = "https://records.example/a.mp3"
HOUR = 3_600_000
DAY = 24 * HOUR


class Compared:
    """An installation and the list of calls that its PBX keeps."""

    def __init__(self, app: Flask, pbx: FakePbx) -> None:
        self.app = app
        self.pbx = pbx
        self.runtime = app.extensions["pult"]
        self._lines: list[str] = []

    def line(self, uid: str, kind: str = "in", **more: Any) -> str:
        """A call of two hours ago in the PBX's list."""
        said = {"account": "andy@tenant.example", "wait": 12, "duration": 61, "record": RECORD, **more}
        ago = said.get("ago", 2 * HOUR)
        start = datetime.fromtimestamp((now() - ago) / 1000, UTC).isoformat(timespec="seconds")
        phone = said.get("phone", CLIENT)
        told = (uid, kind, phone, said["account"], OURS, said.get("start", start), said["wait"])
        self._lines.append(",".join(map(str, (*told, said["duration"], said["record"]))))
        return self._lines[-1]

    def run(self, days: int = 1) -> list[Repaired]:
        """Compare, with a PBX that answers every question with all its lines."""
        for _ in range(days):
            self.answer(*self._lines)
        return self.ask(days)

    def answer(self, *lines: str) -> None:
        """Prepare the next answer of the PBX."""
        body = "".join(f"{line}\r\n" for line in lines).encode()
        self.pbx.prepare("history", Reply(200, "text/csv", body))

    def ask(self, days: int = 1) -> list[Repaired]:
        """Compare, with whatever the PBX answers."""
        client = PbxClient(self.pbx.url, TOKEN, allow_private=True)
        return reconcile.run(self.runtime.writer, db.engine, client, self.runtime.limits, days)

    def done(self, days: int = 1) -> list[tuple[str, str]]:
        return [(call.how, call.callid) for call in self.run(days)]

    def take(self, *pushes: Any) -> None:
        take(self.app, *pushes)

    def call(self, callid: str) -> Any:
        query = (
            select(
                Call.direction, Call.outcome, Call.duration_s, Call.wait_s, Call.recorded, PbxAccount.login
            )
            .join(CallKey, CallKey.call_id == Call.id)
            .outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
            .where(CallKey.callid == callid)
        )
        return self.read(query).one()

    def read(self, query: Any) -> Any:
        with db.engine.connect() as conn:
            return conn.execute(query)

    def count(self, model: Any) -> int:
        return int(self.read(select(func.count()).select_from(model)).scalar_one())

    def last(self) -> Last:
        with db.engine.connect() as conn:
            found = last(conn)
        assert found is not None
        return found

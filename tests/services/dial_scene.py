"""People who dial, and what became of it: helpers of the tests of dialling."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import insert, update

from app.extensions import db
from app.models import Call, DialIntent, PbxAccount, User
from app.pbx.client import PbxClient
from app.pbx.fake import FakePbx
from app.services import dialing
from app.services.connection import ensure_pbx
from app.services.dial_wish import Wish, account_of
from app.services.placing import place
from app.services.writer import Unit, Writer

NUMBER = "+79000002007"
TOKEN = "TEST-PBX-TOKEN"


def add_person(unit: Unit) -> int:
    """Somebody with two users of the PBX."""
    values = {"name": "Чижиков Сергей", "email": "chizh@pult.example", "role": "agent"}
    statement = insert(User).values(**values, created_at=unit.now).returning(User.id)
    user_id = int(unit.conn.execute(statement).scalar_one())
    for login in ("chizh", "chizh.mobile"):
        unit.conn.execute(insert(PbxAccount).values(pbx_id=ensure_pbx(unit), login=login, user_id=user_id))
    return user_id


def a_wish(person: int, intent: str = "", number: str = NUMBER) -> Wish:
    with db.engine.connect() as conn:
        return Wish(intent or str(uuid4()), person, account_of(conn, person), number)


def client(url: str, total: float = 5) -> PbxClient:
    return PbxClient(url, TOKEN, allow_private=True, connect_timeout=total, total=total)


def dial(writer: Writer, pbx_client: PbxClient, wish: Wish) -> dialing.Dial:
    begun = writer.write(dialing.begin, wish)
    if begun.won:
        assert place(writer, pbx_client, begun.id, wish).wait(20)
    return shown(begun.id)


def shown(dial_id: int) -> dialing.Dial:
    with db.engine.connect() as conn:
        return dialing.read(conn, dial_id)


def dialled(pbx: FakePbx) -> list[str]:
    return [form["phone"] for form in pbx.commands_heard if form["cmd"] == "makeCall"]


def add_call(writer: Writer) -> int:
    return writer.write(add_call_now)


def add_call_now(unit: Unit) -> int:
    values = {"callid": str(uuid4()), "direction": "out", "outcome": "ringing", "started_at": unit.now}
    statement = insert(Call).values(pbx_id=ensure_pbx(unit), **values).returning(Call.id)
    return int(unit.conn.execute(statement).scalar_one())


def grow_older(writer: Writer, dial_id: int, ms: int) -> None:
    def job(unit: Unit) -> None:
        older = {"created_at": DialIntent.created_at - ms}
        unit.conn.execute(update(DialIntent).where(DialIntent.id == dial_id).values(**older))

    writer.submit(job)

"""A small company for tests of services: people, PBX users, calls, each in one line."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select, update

from app.extensions import db
from app.models import Base, Call, Contact, ContactPhone, Did, Leg, PbxAccount, Phone, Reaction, User
from app.pbx.numbers import normalise
from app.services import contacts, settings
from app.services.connection import ensure_pbx
from app.services.writer import Unit, Writer

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_774_000_000_000


class Scene:
    """Writes rows as the projection would; `at` of a call is minutes before NOW, negative."""

    def __init__(self, app: Flask) -> None:
        self.writer: Writer = app.extensions["pult"].writer
        self._calls = 0

    def person(self, name: str, login: str = "", *, enabled: bool = True) -> int:
        """A user, mapped to a PBX user when there is a login."""
        row = {"email": f"{name}@pult.example", "name": name, "role": "agent", "enabled": enabled}
        user_id = self._add(User, {**row, "created_at": NOW})
        if login:
            self.account(login, user_id)
        return user_id

    def account(self, login: str, user_id: int | None = None, *, enabled: bool = True) -> int:
        """A user of the PBX."""
        pbx_id = self.writer.write(ensure_pbx)
        row = {"pbx_id": pbx_id, "login": login, "user_id": user_id, "enabled": enabled}
        return self._add(PbxAccount, row)

    def disable(self, user_id: int) -> None:
        self._run(update(User).where(User.id == user_id).values(enabled=False))

    def contact(self, phone: str, name: str = "", **facts: Any) -> int:
        """A contact with one number."""
        return self.writer.write(contacts.create, contacts.NewContact(phones=[phone], name=name, **facts))

    def switch(self, **values: Any) -> None:
        """Set switches of the admin's rooms."""
        for name, value in values.items():
            self.writer.write(settings.put, name, value)

    def call(
        self, direction: str, outcome: str, phone: str, *logins: str, at: float, due: bool = True, **more: Any
    ) -> int:
        """A call that rang these logins; its person is the first, or nobody when several rang in vain."""
        self._calls += 1
        started_at = NOW + int(at * MINUTE)
        accounts = [self.account_id(login) for login in logins]
        alone = accounts[0] if accounts and (len(accounts) == 1 or outcome == "answered") else None
        row = {
            "pbx_id": self.writer.write(ensure_pbx),
            "callid": f"call-{self._calls}",
            "direction": direction,
            "outcome": outcome,
            "phone_id": self.phone_id(phone),
            "account_id": alone,
            "started_at": started_at,
            "answered_at": started_at + 5000 if outcome == "answered" else None,
            "final": True,
            **more,
        }
        call_id = self._add(Call, row)
        for account in accounts:
            leg = {"call_id": call_id, "account_id": account, "state": "over", "result": outcome}
            self._run(insert(Leg).values({**leg, **_of_leg(row)}))
        if due:
            planned = {"call_id": call_id, "due_at": started_at + 20_000}
            self._run(insert(Reaction).values(planned))
        return call_id

    def account_id(self, login: str) -> int:
        found = self.one(select(PbxAccount.id).where(PbxAccount.login == login))
        return int(found) if found is not None else self.account(login)

    def phone_id(self, phone: str) -> int | None:
        kind, number = normalise(phone)
        if kind == "withheld":
            return None
        found = self.one(select(Phone.id).where(Phone.number == number))
        return int(found) if found is not None else self._add(Phone, {"number": number, "kind": kind})

    def did(self, number: str, label: str = "") -> int:
        return self._add(Did, {"number": number, "label": label})

    def contact_of(self, number: str) -> Any:
        """The row of the contact that has this E.164 number, or None."""
        query = select(Contact).join(ContactPhone).where(ContactPhone.number == number)
        with db.engine.connect() as conn:
            return conn.execute(query).one_or_none()

    def contacts(self) -> int:
        """How many contacts there are."""
        return int(self.one(select(func.count()).select_from(Contact)) or 0)

    def one(self, query: Any) -> Any:
        with db.engine.connect() as conn:
            return conn.execute(query).scalar()

    def read(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """What a read function of a service says."""
        with db.engine.connect() as conn:
            return function(conn, *args, **kwargs)

    def _add(self, model: type[Base], row: dict[str, Any]) -> int:
        key: Any = model
        statement = insert(model).values(row).returning(key.id)
        return self.writer.submit(lambda unit: int(unit.conn.execute(statement).scalar_one()))

    def _run(self, statement: Any) -> None:
        def job(unit: Unit) -> None:
            unit.conn.execute(statement)

        self.writer.submit(job)


def _of_leg(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("started_at", "direction", "outcome", "phone_id")}

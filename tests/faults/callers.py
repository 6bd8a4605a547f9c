"""People who dial on a server that runs by itself, through its own pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import requests
from sqlalchemy import insert

from app import create_app
from app.config import from_environment
from app.extensions import db
from app.models import PbxAccount, User
from app.services import secrets, sessions
from app.services.connection import ensure_pbx
from app.services.schema import migrate
from app.services.writer import Unit
from tests.faults.sending import FULL
from tests.serving import Served

PATIENCE_S, TOTAL_S = (8.0, 30.0) if FULL else (1.0, 4.0)  # how long a page waits, and the one request


class Caller:
    """Somebody with a user of the PBX and a page that is open."""

    def __init__(self, served: Served, cookie: str) -> None:
        self.served = served
        self.cookie = cookie
        self._csrf = secrets.sign(served.data_dir, "csrf", cookie)

    def dial(self, intent: str, phone: str = "79000002007") -> requests.Response:
        """A click on the button of a number."""
        form = {"intent": intent, "phone": phone}
        return self._send("POST", "/dial", form)

    def state(self, intent: str) -> str:
        """What the page says of a dial: sent, accepted, refused, unknown."""
        return shown(self._send("GET", f"/dial/{intent}").text)

    def get(self, path: str) -> requests.Response:
        return self._send("GET", path)

    def _send(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        return requests.request(
            method,
            self.served.url + path,
            data=form,
            headers={"HX-Request": "true", "X-CSRF-Token": self._csrf},
            cookies={"pult": self.cookie},
            allow_redirects=False,
            timeout=60,
        )


def new_intent() -> str:
    return str(uuid4())


def shown(html: str) -> str:
    """The state that a fragment shows."""
    said = re.search(r'data-dial="(\w+)"', html)
    if said is not None:
        return said[1]
    if "Unclear whether" in html:
        return "unknown"
    if "Not dialled" in html:
        return "refused"
    return "sent" if "No answer from the PBX yet" in html else "accepted"


def hire(served: Served, count: int, also: Callable[[Unit], None] | None = None) -> list[Caller]:
    """So many people with a session each, in the database of a server that does not run yet.

    `also`: what else is to be in it.
    """
    app = create_app(from_environment(served.environment))
    runtime = app.extensions["pult"]
    with app.app_context():
        migrate()
        cookies = [runtime.writer.write(_hire, number) for number in range(count)]
        if also is not None:
            runtime.writer.write(also)
        db.engine.dispose()
    runtime.stop()
    return [Caller(served, cookie) for cookie in cookies]


def _hire(unit: Unit, number: int) -> str:
    login = f"caller{number}"
    values = {"name": f"Звонарёв {number}", "email": f"{login}@pult.example", "role": "agent", "lang": "en"}
    statement = insert(User).values(**values, created_at=unit.now).returning(User.id)
    user_id = int(unit.conn.execute(statement).scalar_one())
    unit.conn.execute(insert(PbxAccount).values(pbx_id=ensure_pbx(unit), login=login, user_id=user_id))
    return sessions.start(unit, user_id)

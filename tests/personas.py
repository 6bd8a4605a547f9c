"""The people of the tests: browsers that are logged in, each in one role, and one that is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from werkzeug.test import TestResponse

from app.models import User
from app.services import secrets, sessions
from app.services.writer import Unit
from tests.browser import Browser

PASSWORD = "correct horse battery"
# scrypt of PASSWORD, made once: a hash for each test would cost a quarter of a second.
PASSWORD_HASH = (
    "scrypt:32768:8:3$wuCIPxigSy3s24ee$"
    "ee60ef2237d7ea081364cd67ec66c19d1a90f78c1c8ec9de96eabd0573db5b15"
    "d59c1f9948bc3cf8ad1cce097e345d923e77b3b03e1edfdb5657ef101c10fd6d"
)


class Actor:
    """A browser with (or without) a session; unsafe requests carry the page's token by themselves."""

    def __init__(self, app: Flask, user_id: int = 0, role: str = "", email: str = "") -> None:
        self.app = app
        self.id = user_id
        self.role = role
        self.email = email
        self.client = Browser(app, app.response_class)
        self.cookie = ""

    @property
    def settings(self) -> Any:
        return self.app.extensions["pult"].settings

    def _cookie(self, base: str, value: str) -> None:
        secure = self.settings.secure
        self.client.set_cookie(f"__Host-{base}" if secure else base, value, secure=secure, path="/")

    def log_in(self) -> Actor:
        """Open a session without the form; the cookie is kept in `cookie`."""
        self.cookie = self.app.extensions["pult"].writer.write(sessions.start, self.id)
        self._cookie("pult", self.cookie)
        return self

    def csrf_token(self) -> str:
        """What our pages put into their forms for this browser."""
        if not self.cookie:
            self._cookie("pult-form", "stranger")
        return secrets.sign(self.settings.data_dir, "csrf", self.cookie or "stranger")

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET `path`."""
        return self.client.get(path, **kwargs)

    def post(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """POST a form, with the token."""
        return self.client.post(path, data={"csrf_token": self.csrf_token(), **(data or {})}, **kwargs)

    def htmx(self, method: str, path: str, data: dict[str, Any] | None = None) -> TestResponse:
        """The request htmx makes: token and mark in headers."""
        headers = {"HX-Request": "true", "X-CSRF-Token": self.csrf_token()}
        return self.client.open(path, method=method, data=data, headers=headers)


MakeUser = Callable[..., Actor]


def new_user(app: Flask, role: str = "agent", email: str = "", name: str = "", **fields: Any) -> Actor:
    """A person of this role, logged in. The password is PASSWORD."""
    email = email or f"{role}@pult.example"
    row = {"email": email, "name": name or f"{role.title()} Example", "role": role, "password": PASSWORD_HASH}

    def add(unit: Unit) -> int:
        values = {**row, "created_at": unit.now, **fields}
        return unit.conn.execute(insert(User).values(**values).returning(User.id)).scalar_one()

    user_id: int = app.extensions["pult"].writer.write(add)
    return Actor(app, user_id, role, email).log_in()


@pytest.fixture
def make_user(app: Flask) -> MakeUser:
    """Makes people: `make_user("agent", email="…")` is a logged-in Actor."""
    return lambda role="agent", **fields: new_user(app, role, **fields)


@pytest.fixture
def agent(app: Flask) -> Actor:
    """Somebody who answers calls."""
    return new_user(app, "agent")


@pytest.fixture
def supervisor(app: Flask) -> Actor:
    """Somebody who sees everybody's calls."""
    return new_user(app, "supervisor")


@pytest.fixture
def admin(app: Flask) -> Actor:
    """Somebody who sets Pult up."""
    return new_user(app, "admin")


@pytest.fixture
def stranger(app: Flask) -> Actor:
    """Somebody without a session, who must always be refused."""
    return Actor(app)

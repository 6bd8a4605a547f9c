"""The test client, made to behave as the server does."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Browser(FlaskClient):
    """A test client each of whose requests has an application context of its own, as on the server.

    Inside a test's context requests would share it, and with it the language and the database session.
    """

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> TestResponse:
        """Send one request; its whole answer is read, so that files behind it are closed."""
        return Context().run(super().open, *args, buffered=buffered, **kwargs)

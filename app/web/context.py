"""What every view reaches for: the writer, a connection to read from, the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.config import Settings
from app.extensions import db
from app.runtime import runtime

T = TypeVar("T")


def write(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a service's write function inside the one writer's next commit; returns after COMMIT."""
    return runtime().writer.write(function, *args, **kwargs)


def reader() -> Connection:
    """The request's connection for reading; given back when the request ends."""
    return db.session.connection()


def settings() -> Settings:
    """The operator's settings."""
    return runtime().settings

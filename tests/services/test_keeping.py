"""Pushes that nobody waits for (`contact`, a body that was refused) outlast an outage like all others."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Push
from app.services.acceptance import Intake
from app.services.clock import now
from app.services.connection import PBX_ID
from app.services.intake import Incoming
from app.services.spool import waiting
from app.services.writer import Unavailable, Writer

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def intake(app: Flask) -> Intake:
    intake: Intake = app.extensions["pult"].intake
    return intake


@pytest.fixture
def writer(app: Flask) -> Writer:
    writer: Writer = app.extensions["pult"].writer
    return writer


@pytest.fixture
def locked(app: Flask) -> Iterator[Callable[[], None]]:
    """Another program holds the database; calling it lets go."""
    holder = sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield lambda: holder.execute("ROLLBACK") and None
    holder.close()


def question(callid: str) -> Incoming:
    body = f"cmd=contact&phone=79000000001&callid={callid}".encode()
    return Incoming.read_again(PBX_ID, now(), FORM, body, source="http")


def refused(callid: str) -> Incoming:
    body = f"cmd=invented&callid={callid}".encode()
    return Incoming(PBX_ID, now(), body, FORM, None, (), "unknown_cmd")


def inbox() -> list[tuple[str, str]]:
    with db.engine.connect() as conn:
        query = select(Push.cmd, Push.state).order_by(Push.body)
        return [(row.cmd, row.state) for row in conn.execute(query)]


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_they_wait_on_disk_and_are_stored_once(
    app: Flask, intake: Intake, writer: Writer, locked: Callable[[], None]
) -> None:
    spool = app.extensions["pult"].settings.data_dir / "spool"
    intake.keep(question("before-it-was-known"))  # the writer has begun when it finds the lock
    eventually(lambda: writer.outage is not None and waiting(spool) is not None)
    intake.keep(question("during"))
    intake.keep(refused("during"))
    locked()
    eventually(lambda: _is_drained(intake, len(inbox())))
    assert inbox() == [("contact", "ok"), ("contact", "ok"), ("", "refused")]


def _is_drained(intake: Intake, stored: int) -> bool:
    try:
        return intake.drain() == 0 and stored == 3
    except Unavailable:
        return False

"""Two processes on PostgreSQL, each with a spool of its own: a company's calls across an outage.

Between the two spools no order is kept. A final row does not depend on it: see test_any_sequence.py for
the rule, and here for the rows. 40 calls here, 2,000 in full.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from typing import Self
from zoneinfo import ZoneInfo

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, select, text, update

from app.extensions import db
from app.models import Call, CallKey, PbxAccount, Reaction
from app.models import Push as InboxRow
from app.pbx.traffic import backlog
from app.services import intake, projection, spool
from app.services.clock import now
from app.services.database import own_engine
from app.services.intake import Incoming
from app.services.projection import trails
from app.services.spool import Spool
from app.services.tracking import Limits, Push, project
from app.services.writer import Unit, Writer
from tests.faults.admin import eventually
from tests.faults.conftest import Serve
from tests.faults.sending import FULL, KEY, eventually_drained
from tests.postgres import PostgresServer
from tests.services.pushes import event, history, take
from tests.serving import Served

CALLS = 2000 if FULL else 40
LANES = 8
LIMITS = Limits(zone=ZoneInfo("Europe/Moscow"))

Form = dict[str, str]
Row = tuple[object, ...]


def forms() -> list[Form]:
    """The pushes of a week, in their order."""
    past = backlog(7, now() - 86_400_000, zone=LIMITS.zone, calls_a_day=CALLS // 5)
    return [dict(one.form) for one in past]


def post(served: Served, some: Sequence[Form]) -> None:
    """Several lanes at once, each request on a connection of its own: the kernel spreads them."""

    def one(form: Form) -> int:
        return requests.post(f"{served.url}/pbx", data={**form, "crm_token": KEY}, timeout=30).status_code

    with ThreadPoolExecutor(LANES) as lanes:
        assert set(lanes.map(one, some)) == {200}


def rows_and_trails(database: str) -> tuple[dict[int, Row], dict[int, list[Push]]]:
    """Of each final call its row, and its pushes in the order of their receipt."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    columns = (Call.id, Call.outcome, PbxAccount.login, Call.started_at, Call.duration_s, Call.wait_s)
    inbox = (CallKey.call_id, InboxRow.received_at, InboxRow.id, InboxRow.content_type, InboxRow.body)
    with engine.connect() as conn:
        rows = conn.execute(select(*columns).outerjoin(PbxAccount).where(Call.final)).all()
        found = conn.execute(select(*inbox).join(CallKey).order_by(*inbox[:3])).all()
    engine.dispose()
    trail_of = {
        call_id: [Push(place, one[1], trails.message(one[3], one[4])) for place, one in enumerate(some)]
        for call_id, some in groupby(found, lambda one: int(one[0]))
    }
    return {row[0]: tuple(row[1:]) for row in rows}, trail_of


def row_of(trail: list[Push]) -> Row:
    call = project(trail, now(), LIMITS)
    return call.outcome, call.login, call.started_at, call.duration_s, call.wait_s


@pytest.mark.postgres
def test_rows_are_right_though_each_process_stores_its_spool_by_itself(
    own_postgres: PostgresServer, database: str, serve: Serve
) -> None:
    served = serve(PULT_DATABASE_URL=database, PULT_WORKERS=2)
    pushes = forms()
    third = len(pushes) // 3
    post(served, pushes[:third])
    own_postgres.stop(keep=True)
    post(served, pushes[third : 2 * third])
    assert len(list((served.data_dir / "spool").glob("*.jsonl"))) == 2
    own_postgres.start()
    post(served, pushes[2 * third :])
    eventually_drained(served.data_dir)
    rows, trail_of = rows_and_trails(database)
    assert sum(map(len, trail_of.values())) == len([one for one in pushes if one["cmd"] != "contact"])
    assert rows == {call_id: row_of(trail) for call_id, trail in trail_of.items()}
    print(f"{len(pushes)} pushes, {len(rows)} final rows")


class OtherProcess:
    """Another writer of the same database, which lingers in its transaction after it has written."""

    def __init__(self, app: Flask) -> None:
        self._limits = app.extensions["pult"].limits
        self._writer = Writer(own_engine(app.extensions["pult"].settings.database_url))
        self._has_written, self._may_end = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._may_end.set()
        self._pool.shutdown()
        self._writer.stop()

    def take(self, push: Incoming) -> Future[None]:
        """Returns when the push is written, but not committed."""
        taking = self._pool.submit(self._writer.submit, lambda unit: self._store(unit, push))
        assert self._has_written.wait(20)
        return taking

    def _store(self, unit: Unit, push: Incoming) -> None:
        intake.store(unit, push, self._limits)
        self._has_written.set()
        assert self._may_end.wait(20)

    def commit(self) -> None:
        self._may_end.set()


def _somebody_waits_for_a_lock() -> bool:
    db.session.rollback()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(db.session.execute(text(waiting)).scalar_one())


def rows_now(app: Flask) -> list[tuple[str, int]]:
    db.session.rollback()
    return [tuple(row) for row in db.session.execute(select(Call.outcome, Call.duration_s))]


@pytest.mark.parametrize("any_app", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_the_reaper_leaves_a_call_alone_that_another_process_writes(any_app: Flask) -> None:
    """It would write `other` over the answer that the other process has just committed."""
    runtime = any_app.extensions["pult"]
    long_ago = now() - 600_000
    take(any_app, event("OUTGOING", "a", direction="out", at=long_ago))
    runtime.writer.submit(lambda unit: unit.conn.execute(update(Call).values(due_at=1)).rowcount)
    with OtherProcess(any_app) as other:
        taking = other.take(history("a", type="out", duration="24"))
        assert runtime.writer.write(projection.reap, runtime.limits) == 0
        other.commit()
        taking.result(20)
    assert rows_now(any_app) == [("answered", 24)]


@pytest.mark.parametrize("any_app", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_two_processes_write_one_call_under_its_two_callids(any_app: Flask) -> None:
    take(any_app, event("INCOMING", "a", "A"), event("ACCEPTED", "a", "A"))
    take(any_app, event("TRANSFERRED", "a", "A", second_callid="B"))
    with OtherProcess(any_app) as other, ThreadPoolExecutor(1) as pool:
        taking = other.take(history("c", callid="B", duration="75"))
        here = pool.submit(take, any_app, event("COMPLETED", "a", "A"))
        eventually(_somebody_waits_for_a_lock)
        other.commit()
        taking.result(20)
        here.result(20)
    assert rows_now(any_app) == [("answered", 75)]


def test_what_follows_a_call_waits_for_pushes_that_are_still_on_disk(app: Flask) -> None:
    """The answer of a call that looks missed may lie in another process's spool."""
    runtime = app.extensions["pult"]
    take(app, history("pbx", "missed", duration="12", at=now() - 60_000))

    runtime.writer.submit(lambda unit: unit.conn.execute(update(Reaction).values(due_at=1)).rowcount)
    other = Spool(runtime.settings.data_dir / "spool")
    other.sync(other.put(event("ACCEPTED", "a", "another")))
    runtime.jobs.tick()
    assert _done(app) == [None]
    own = other.own()
    assert own is not None
    own.close()  # its process is gone: what it left is stored by this one
    runtime.jobs.tick()
    runtime.jobs.tick()
    assert spool.waiting(runtime.settings.data_dir / "spool") is None
    assert _done(app) != [None]


def _done(app: Flask) -> list[int | None]:
    db.session.rollback()
    return list(db.session.execute(select(Reaction.done_at)).scalars())

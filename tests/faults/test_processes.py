"""Two processes on PostgreSQL, each with a spool of its own: a company's calls across an outage.

Between the two spools no order is kept. A final row does not depend on it: see test_any_sequence.py for
the rule, and here for the rows. 40 calls here, 2,000 in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, select

from app.models import Call, CallKey, PbxAccount, Reaction
from app.models import Push as InboxRow
from app.pbx.traffic import backlog
from app.services import spool
from app.services.clock import now
from app.services.projection import trails
from app.services.spool import Spool
from app.services.tracking import Limits, Push, project
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


def test_what_follows_a_call_waits_for_pushes_that_are_still_on_disk(app: Flask) -> None:
    """The answer of a call that looks missed may lie in another process's spool."""
    runtime = app.extensions["pult"]
    take(app, history("pbx", "missed", duration="12", at=now() - 60_000))

    def make_due(unit: object) -> None:
        unit.conn.execute(Reaction.__table__.update().values(due_at=1))  # type: ignore[attr-defined]

    runtime.writer.submit(make_due)
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
    runtime = app.extensions["pult"]
    query = select(Reaction.done_at)
    return list(runtime.writer.submit(lambda unit: unit.conn.execute(query).scalars().all()))

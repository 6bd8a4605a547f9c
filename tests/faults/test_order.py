"""Through the whole intake: the same rows for any order of arrival, with pushes twice."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Call, CallDate, CallDay, CallHour, Leg, PbxAccount, Phone
from app.pbx.traffic import PastPush, backlog
from app.services import intake, projection
from app.services.clock import now
from app.services.intake import Incoming
from app.services.tracking import Limits
from app.services.writer import Unit
from tests.faults.sending import FULL
from tests.services.pushes import push

SEEDS = range(20 if FULL else 3)
CALLS = 200 if FULL else 60
STEP_MS = 20
PATIENCE_S = 120.0  # for one batch, on a machine that has other work


def scene(seed: int, app: Flask) -> list[PastPush]:
    zone = app.extensions["pult"].limits.zone
    past = backlog(7, now() - 3_600_000, seed=seed, zone=zone, calls_a_day=60)
    kept = set(list(dict.fromkeys(one.form["callid"] for one in past))[:CALLS])
    joined = {one.form["second_callid"] for one in past if one.form.get("second_callid")}
    return [one for one in past if one.form["callid"] in kept | joined]


def marked(forms: list[dict[str, str]], mark: str) -> list[Incoming]:
    """These pushes under callids and phones of their own, received one soon after the other."""
    start = now() - 3_000_000
    found = []
    for place, form in enumerate(forms):
        ids = {name: mark + form[name] for name in ("callid", "second_callid") if form.get(name)}
        found.append(push(start + place * STEP_MS, **{**form, **ids}))
    return found


def _store_all(unit: Unit, some: list[Incoming], limits: Limits) -> None:
    for one in some:
        intake.store(unit, one, limits)


def take_all(app: Flask, pushes: list[Incoming]) -> None:
    runtime = app.extensions["pult"]
    for start in range(0, len(pushes), 50):
        some = pushes[start : start + 50]
        store = partial(_store_all, some=some, limits=runtime.limits)
        runtime.writer.submit(store, timeout_s=PATIENCE_S)
    while runtime.writer.write(projection.reap, runtime.limits):
        pass


def final_rows(mark: str) -> dict[str, tuple[Any, ...]]:
    """By callid: what the log shows of each call, and its legs."""
    legs: dict[int, list[tuple[str, str]]] = {}
    for call_id, login, result in db.session.execute(
        select(Leg.call_id, PbxAccount.login, Leg.result).join(PbxAccount)
    ):
        legs.setdefault(call_id, []).append((login, result))
    query = select(Call, PbxAccount.login).outerjoin(PbxAccount, PbxAccount.id == Call.account_id)
    return {
        call.callid.removeprefix(mark): (
            *(call.direction, call.outcome, login, call.started_at, call.duration_s, call.wait_s),
            *(call.recorded, call.phone_id, call.did_id, call.final, call.status),
            sorted(legs.get(call.id, [])),
        )
        for call, login in db.session.execute(query.where(Call.callid.startswith(mark)))
    }


def counts() -> dict[tuple[Any, ...], tuple[int, int]]:
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for model, key in ((CallHour, "hour"), (CallDate, "day"), (CallDay, "day")):
        for row in db.session.execute(select(model)).scalars():
            who = getattr(row, "did_id", None), getattr(row, "account_id", None)
            cell = (model.__name__, getattr(row, key), *who, row.direction, row.outcome)
            # A transferred leg has no history: its seconds are those between the receipts of its events.
            found[cell] = (row.calls, 0 if model is CallDay else row.duration_s)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_arrival_gives_the_same_rows_and_counts(app: Flask, seed: int) -> None:
    forms = [one.form for one in scene(seed, app)]
    take_all(app, marked(forms, "n-"))
    natural, once = final_rows("n-"), counts()
    calls_of = {phone.number: phone.calls for phone in db.session.execute(select(Phone)).scalars()}
    chance = random.Random(seed)
    shuffled = [*forms, *chance.sample(forms, len(forms) // 5)]
    chance.shuffle(shuffled)
    db.session.rollback()
    take_all(app, marked(shuffled, "s-"))
    assert final_rows("s-") == natural
    assert len(natural) > CALLS / 2
    assert counts() == {cell: (2 * calls, 2 * seconds) for cell, (calls, seconds) in once.items()}
    for phone in db.session.execute(select(Phone)).scalars():
        assert phone.calls == 2 * calls_of[phone.number]

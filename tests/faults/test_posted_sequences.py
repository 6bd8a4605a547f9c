"""Whatever the PBX posts of a call, in whatever order: 200, one row, never bad. 40 calls here, 5,000 in full.

On both databases, through `POST /pbx`; PostgreSQL has a tenth of them in full.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import LIVE, Call, CallKey, Push
from tests.faults.sending import FULL, KEY

CALLS = 5000 if FULL else 40
PEOPLE = tuple("abcdefgh")
EVENTS = ("INCOMING", "ACCEPTED", "COMPLETED", "CANCELLED", "OUTGOING", "HOLD")
PROOFS = ("ACCEPTED", "COMPLETED")
STATUSES = ("Success", "missed", "Busy", "NotAvailable", "odd", "")

Form = dict[str, str]


def sequence(chance: random.Random, callid: str) -> list[Form]:
    """The pushes of one call of 1 to 8 legs: shuffled, some twice, some lost, with or without a history."""
    people = chance.sample(PEOPLE, chance.randint(1, 8))
    said = [{"cmd": "event", "type": "INCOMING", "user": login} for login in people]
    said += [
        {"cmd": "event", "type": chance.choice(EVENTS), "user": chance.choice(people)}
        for _ in range(chance.randint(0, 8))
    ]
    said += list(_histories(chance, people))
    kept = [one for one in said if chance.random() > 0.15] or said[:1]
    doubled = kept + chance.sample(kept, chance.randint(0, len(kept)))
    chance.shuffle(doubled)
    return [{"callid": callid, "phone": "79000000001", "crm_token": KEY, **one} for one in doubled]


def _histories(chance: random.Random, people: list[str]) -> Iterator[Form]:
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        told = {"cmd": "history", "type": chance.choice(("in", "in", "out")), "user": chance.choice(people)}
        yield {**told, "status": chance.choice(STATUSES), "duration": str(chance.randint(0, 900))}


def test_every_sequence_is_answered_200_and_is_one_row(any_app: Flask) -> None:
    count = CALLS if any_app.extensions["pult"].settings.is_sqlite else max(40, CALLS // 10)
    chance, pbx = random.Random(5), any_app.test_client()
    posted = answered = 0
    for number in range(count):
        forms = sequence(chance, f"c-{number}")
        statuses = {pbx.post("/pbx", data=form).status_code for form in forms}
        assert statuses == {200}, forms
        posted += len(forms)
        if any(
            form["type"] in ("ACCEPTED", "COMPLETED") or form.get("status") == "Success" for form in forms
        ):
            answered += 1
            assert _outcome(f"c-{number}") != "missed", forms
    assert answered > count / 4
    states = dict(db.session.execute(select(Push.state, func.count()).group_by(Push.state)).all())
    assert states == {"ok": posted}
    assert db.session.scalar(select(func.count()).select_from(Call)) == count
    assert db.session.scalar(select(func.count()).select_from(CallKey)) == count


def _outcome(callid: str) -> str:
    db.session.rollback()
    found: str = db.session.execute(select(Call.outcome).where(Call.callid == callid)).scalar_one()
    return found


def test_no_call_is_missed_while_a_leg_rings(any_app: Flask) -> None:
    chance, pbx = random.Random(6), any_app.test_client()
    for number in range(max(40, CALLS // 10)):
        people = chance.sample(PEOPLE, chance.randint(2, 8))
        ends = people[: chance.randint(0, len(people) - 1)]  # at least one goes on ringing
        forms = [("INCOMING", login) for login in people] + [("CANCELLED", login) for login in ends]
        for kind, login in chance.sample(forms, len(forms)):
            form = {
                "cmd": "event",
                "type": kind,
                "user": login,
                "callid": f"c-{number}",
                "phone": "79000000001",
            }
            assert pbx.post("/pbx", data={**form, "crm_token": KEY}).status_code == 200
            assert _outcome(f"c-{number}") in LIVE

"""A group call: seven phones stop ringing as the eighth lifts, all at once. 60 times here, 500 in full."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.faults.conftest import Serve, sqlite_url
from tests.faults.sending import FULL, KEY
from tests.postgres import PostgresServer
from tests.serving import Served

PEOPLE = tuple("abcdefgh")
TIMES = 500 if FULL else 60


def post(served: Served, kind: str, user: str, callid: str) -> None:
    form = {"cmd": "event", "type": kind, "user": user, "callid": callid, "phone": "79000000001"}
    body = {**form, "diversion": "74950000001", "direction": "in", "crm_token": KEY}
    assert requests.post(f"{served.url}/pbx", data=body, timeout=30).status_code == 200


def race(served: Served, times: int) -> dict[str, str]:
    """The callids, each with the one who lifted."""
    chance = random.Random(3)
    lifted = {}
    with ThreadPoolExecutor(len(PEOPLE)) as lanes:
        for number in range(times):
            callid, who = f"race-{number}", chance.choice(PEOPLE)
            list(lanes.map(lambda user, c=callid: post(served, "INCOMING", user, c), PEOPLE))
            ends = [("ACCEPTED" if user == who else "CANCELLED", user) for user in PEOPLE]
            chance.shuffle(ends)
            list(lanes.map(lambda end, c=callid: post(served, *end, c), ends))
            lifted[callid] = who
    return lifted


def assert_each_talks_with_the_one_who_lifted(database_url: str, lifted: dict[str, str]) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        query = (
            "SELECT c.callid, c.outcome, a.login FROM call c LEFT JOIN pbx_account a ON a.id = c.account_id"
        )
        found = {callid: (outcome, login) for callid, outcome, login in conn.execute(text(query))}
        legs = conn.execute(text("SELECT count(*) FROM leg")).scalar_one()
        missed = conn.execute(text("SELECT count(*) FROM call_hour")).scalar_one()
    engine.dispose()
    assert found == {callid: ("talking", who) for callid, who in lifted.items()}
    assert legs == len(PEOPLE) * len(lifted)
    assert missed == 0, "a call was counted as over, if only for a moment"


def test_the_one_who_lifts_wins_every_race(serve: Serve) -> None:
    served = serve()
    lifted = race(served, TIMES)
    assert_each_talks_with_the_one_who_lifted(sqlite_url(served), lifted)


@pytest.mark.postgres
def test_two_processes_on_postgresql_agree_on_who_lifted(serve: Serve, postgres: PostgresServer) -> None:
    with postgres.database() as url:
        served = serve(PULT_DATABASE_URL=url, PULT_WORKERS=2)
        lifted = race(served, TIMES // 3)
        assert_each_talks_with_the_one_who_lifted(url, lifted)
        served.stop()

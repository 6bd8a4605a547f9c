"""Processes that tell each other what they have committed, on a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from app.config import from_environment
from app.live.bus import LARGEST, Bus, decode, encode
from app.services.changes import Change
from app.services.database import own_engine
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres
LISTENING = "query = 'LISTEN pult' AND datname = current_database()"


class Ear:
    """A process that listens, and writes down what it hears."""

    def __init__(self, url: str) -> None:
        settings = from_environment({"PULT_DATABASE_URL": url})
        self.heard: list[Change] = []
        self.lost = 0
        self.bus = Bus(settings, self.heard.extend, self._count)
        self.engine: Engine = own_engine(settings.database_url)

    def _count(self) -> None:
        self.lost += 1

    def commit(self, *changes: Change) -> None:
        with self.engine.begin() as conn:
            self.bus.announce(conn, changes)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def pair(postgres: PostgresServer) -> Iterator[tuple[Ear, Ear]]:
    with postgres.database() as url:
        ears = (Ear(url), Ear(url))
        for ear in ears:
            ear.bus.start()
        _wait_for_listeners(ears[0].engine, 2)
        yield ears
        for ear in ears:
            ear.bus.stop()
            ear.engine.dispose()


def _wait_for_listeners(engine: Engine, wanted: int) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN pult' AND datname = current_database()"
    )

    def listening() -> bool:
        with engine.connect() as conn:
            return int(conn.execute(text(query)).scalar_one()) >= wanted

    until(listening)


def test_a_commit_is_heard_by_the_others_in_order_and_not_by_oneself(pair: tuple[Ear, Ear]) -> None:
    here, there = pair
    for number in range(20):
        here.commit(Change("call", number), Change("contact", number))
    until(lambda: len(there.heard) == 40)
    assert [change.id for change in there.heard if change.kind == "call"] == list(range(20))
    assert here.heard == []


def test_what_is_rolled_back_is_heard_by_nobody(pair: tuple[Ear, Ear]) -> None:
    here, there = pair
    with pytest.raises(ZeroDivisionError), here.engine.begin() as conn:
        here.bus.announce(conn, [Change("call", 1)])
        raise ZeroDivisionError
    here.commit(Change("call", 2))
    until(lambda: bool(there.heard))
    assert there.heard == [Change("call", 2)]


def test_after_a_lost_connection_everything_begins_anew(pair: tuple[Ear, Ear]) -> None:
    here, there = pair
    with here.engine.connect() as conn:
        conn.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENING}"))
    until(lambda: there.lost == 1)
    _wait_for_listeners(here.engine, 2)
    here.commit(Change("call", 3))
    until(lambda: there.heard == [Change("call", 3)])


def test_a_large_commit_is_told_in_payloads_postgresql_takes() -> None:
    changes = [Change("call", 10**9 + number) for number in range(3000)]
    payloads = list(encode("me", changes))
    assert all(len(payload) <= LARGEST for payload in payloads)
    assert [change for payload in payloads for change in decode(payload)[1]] == changes

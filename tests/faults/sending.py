"""A PBX that never sends twice, and writes down on disk what it was promised."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import requests
from sqlalchemy import create_engine, text

FULL = os.environ.get("PULT_FAULTS") == "full"
KEY = "TEST-CRM-TOKEN"
TIMEOUT_S = 30


class Row(NamedTuple):
    """A push of ours as the inbox holds it: which lane sent it, and the how manieth of that lane."""

    lane: int
    number: int


class Sender:
    """Lanes that each send one push after another, four to a call; every 200 is synced to the ledger.

    Whatever comes before in a lane was answered before: the inbox must hold a lane's pushes in their order.
    """

    def __init__(
        self, url: str, ledger: Path, *, lanes: int = 4, per_s: float = 20, first_lane: int = 0
    ) -> None:
        self.url = url
        self.statuses: Counter[int | str] = Counter()
        self.answered: set[Row] = set()
        self._ledger = ledger.open("ab", buffering=0)
        self._pause_s = lanes / per_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        numbers = range(first_lane, first_lane + lanes)
        self._threads = [threading.Thread(target=self._send, args=(lane,)) for lane in numbers]

    def __enter__(self) -> Sender:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._ledger.close()

    def wait_for(self, count: int, within_s: float = 120) -> None:
        """Return when so many pushes were answered 200."""
        until = time.monotonic() + within_s
        while len(self.answered) < count:
            assert time.monotonic() < until, f"only {len(self.answered)} were answered: {self.statuses}"
            time.sleep(0.02)

    def _send(self, lane: int) -> None:
        number, next_at = 0, time.monotonic()
        while not self._stopping.is_set():
            self._note(Row(lane, number), self._post(lane, number))
            number += 1
            next_at += self._pause_s  # after a stall it catches up: the PBX does not slow down
            self._stopping.wait(max(0.0, next_at - time.monotonic()))

    def _post(self, lane: int, number: int) -> int | str:
        kind = ("INCOMING", "INCOMING", "CANCELLED", "ACCEPTED")[number % 4]
        user = ("anna", "boris", "anna", "boris")[number % 4]
        form = {"cmd": "event", "type": kind, "user": user, "phone": f"7900{lane:03}{number // 4 % 10000:04}"}
        marks = {"callid": f"lane-{lane}-{number // 4}", "lane": str(lane), "number": str(number)}
        try:
            body = {**form, **marks, "diversion": "74950000001", "crm_token": KEY}
            return requests.post(f"{self.url}/pbx", data=body, timeout=TIMEOUT_S).status_code
        except requests.RequestException as error:
            self._stopping.wait(0.05)
            return type(error).__name__

    def _note(self, row: Row, status: int | str) -> None:
        with self._lock:
            self.statuses[status] += 1
            if status == 200:
                self._ledger.write(f"{row.lane} {row.number}\n".encode())
                os.fdatasync(self._ledger.fileno())
                self.answered.add(row)


def ledger_rows(ledger: Path) -> set[Row]:
    """What the ledger says was answered 200."""
    return {Row(*map(int, line.split())) for line in ledger.read_text().splitlines()}


def inbox_rows(database_url: str) -> list[Row]:
    """The inbox in its order."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        bodies = conn.execute(text("SELECT body FROM push ORDER BY id")).scalars().all()
    engine.dispose()
    forms = [parse_qs(bytes(body).decode(errors="replace")) for body in bodies]
    return [Row(int(form["lane"][0]), int(form["number"][0])) for form in forms if "lane" in form]


def assert_nothing_lost(ledger: Path, database_url: str, *, lanes_in_order: bool = True) -> list[Row]:
    """Every answered push is in the inbox, once, and each lane's in its order. Returns the inbox.

    Several processes keep no order among them: each drains its own spool.
    """
    stored = inbox_rows(database_url)
    missing = ledger_rows(ledger) - set(stored)
    assert not missing, f"{len(missing)} answered pushes are lost: {sorted(missing)[:5]}"
    assert len(stored) == len(set(stored)), "a push was stored twice"
    for lane in {row.lane for row in stored} if lanes_in_order else ():
        numbers = [row.number for row in stored if row.lane == lane]
        assert numbers == sorted(numbers), f"lane {lane} is out of order"
    return stored


def eventually_drained(data_dir: Path, within_s: float = 60) -> float:
    """Wait until no push waits in the spool; how many seconds that took."""
    began = time.monotonic()
    while list((data_dir / "spool").glob("*.jsonl")):
        assert time.monotonic() - began < within_s, "the spool is not drained"
        time.sleep(0.05)
    return time.monotonic() - began

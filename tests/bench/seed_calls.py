"""Fills a throw-away SQLite with calls of a busy company and times every mix of the log's filters.

    .venv/bin/python -m tests.bench.seed_calls /tmp/folder --calls 1000000

The folder is kept; a second run on it only times. Findings: docs/log-queries.md.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection, func, insert, select, text

from app import create_app
from app.config import from_environment
from app.extensions import db
from app.models import Call, CallFacet, CallHour, Contact, ContactPhone, Did, Leg, PbxAccount, Phone
from app.models.rollup import NONE
from app.services.call_log import keys, totals
from app.services.call_log.filters import parse, resolve
from app.services.call_log.rows import rows
from app.services.clock import now
from app.services.schema import migrate

PEOPLE = 60
NUMBERS = 20
DAYS = 365
DAY_MS = 86_400_000
BATCH = 20_000
ZONE = ZoneInfo("Europe/Moscow")
KINDS = (
    ("in", "answered", 55),
    ("in", "missed", 15),
    ("out", "answered", 20),
    ("out", "busy", 4),
    ("out", "unavailable", 4),
    ("internal", "answered", 1.99),
    ("out", "forbidden", 0.01),
)
YEAR = "2026-01-01"
MIXES: dict[str, dict[str, str]] = {
    "nothing": {},
    "a year": {"from": YEAR},
    "direction": {"direction": "in"},
    "rare outcome": {"outcome": "forbidden", "from": YEAR},
    "missed": {"outcome": "missed"},
    "recorded": {"recorded": "yes", "from": YEAR},
    "our number": {"via": "+74950000003", "from": YEAR},
    "our number, rare outcome": {"via": "+74950000003", "outcome": "forbidden", "from": YEAR},
    "person": {"user": "user7"},
    "person, a year": {"user": "user7", "from": YEAR},
    "person, rare outcome": {"user": "user7", "outcome": "forbidden", "from": YEAR},
    "person, our number": {"user": "user7", "via": "+74950000003", "from": YEAR},
    "whole number": {"q": "+79000123456", "from": YEAR},
    "five digits": {"q": "12345", "from": YEAR},
    "three digits": {"q": "123", "from": YEAR},
    "two digits": {"q": "12", "from": YEAR},
    "one prefix of all": {"q": "7900", "from": YEAR},
    "prefix, rare outcome": {"q": "7900", "outcome": "forbidden", "from": YEAR},
    "digits nobody has": {"q": "99999999", "from": YEAR},
    "a name": {"q": "contact 4321", "from": YEAR},
    "part of every name": {"q": "contact", "from": YEAR},
    "part of every name, missed": {"q": "contact", "outcome": "missed", "from": YEAR},
    "person, part of every name": {"q": "contact", "user": "user7", "from": YEAR},
    "person, digits": {"q": "12345", "user": "user7", "from": YEAR},
    "everything": {
        "q": "contact",
        "user": "user7",
        "via": "+74950000003",
        "direction": "in",
        "outcome": "answered",
        "recorded": "yes",
        "from": YEAR,
    },
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--calls", default=1_000_000, show_default=True)
def main(folder: Path, calls: int) -> None:
    """Seed FOLDER if it is empty, then time the log."""
    app = create_app(from_environment({"PULT_DATA_DIR": str(folder)}))
    with app.app_context():
        migrate()
        with db.engine.begin() as conn:
            if not conn.execute(select(Call.id).limit(1)).first():
                seed(conn, calls)
        with db.engine.connect() as conn:
            measure(conn)


def seed(conn: Connection, calls: int) -> None:
    """Write the company and its calls, every table that the log reads included."""
    dice = random.Random(1)
    phones = calls // 5
    people = [{"id": at, "pbx_id": 1, "login": f"user{at}", "enabled": True} for at in range(1, PEOPLE + 1)]
    conn.execute(insert(PbxAccount), people)
    conn.execute(insert(Did), [{"id": at, "number": f"+7495000{at:04}"} for at in range(1, NUMBERS + 1)])
    write(conn, Phone, ({"id": at, "number": f"+7900{at:07}", "kind": "e164"} for at in range(1, phones + 1)))
    named = range(1, phones + 1, 4)
    contact = {"company": "", "source": "manual", "assigned": "manual", "created_at": 0}
    write(conn, Contact, ({"id": at, "name": f"Contact {at}", **contact} for at in named))
    write(conn, ContactPhone, ({"number": f"+7900{at:07}", "contact_id": at} for at in named))
    facts = list(made(dice, calls, phones))
    write(conn, Call, (call for call, _ in facts))
    write(conn, Leg, (leg for _, legs in facts for leg in legs))
    sum_up(conn)


def made(
    dice: random.Random, calls: int, phones: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Calls in the order of time, each with its legs."""
    begin = now() - DAYS * DAY_MS
    kinds, weights = [kind[:2] for kind in KINDS], [kind[2] for kind in KINDS]
    for call_id in range(1, calls + 1):
        direction, outcome = dice.choices(kinds, weights)[0]
        shared = {
            "started_at": begin + DAYS * DAY_MS * call_id // calls,
            "direction": direction,
            "outcome": outcome,
            "did_id": dice.randint(1, NUMBERS) if direction == "in" else None,
            "recorded": outcome == "answered" and dice.random() < 0.8,
            "phone_id": int(phones * dice.random() ** 3) + 1,
        }
        rung = dice.sample(range(1, PEOPLE + 1), dice.choice((1, 1, 1, 2)))
        person = {"account_id": rung[0], "duration_s": 60 if outcome == "answered" else 0}
        row = {"id": call_id, "pbx_id": 1, "callid": f"seed-{call_id}", "status": "", "missed_status": ""}
        leg = {"call_id": call_id, "state": "over", "result": outcome, "ext": "", "ring_group": ""}
        legs = [{**leg, **shared, **person, "account_id": account} for account in rung]
        yield {**row, **shared, **person, "phone_raw": "", "flags": "", "final": True}, legs


def write(conn: Connection, model: Any, facts: Iterator[dict[str, Any]]) -> None:
    """Insert in batches."""
    batch = []
    for fact in facts:
        batch.append(fact)
        if len(batch) == BATCH:
            conn.execute(insert(model), batch)
            batch = []
    if batch:
        conn.execute(insert(model), batch)


def sum_up(conn: Connection) -> None:
    """Facets, hours and the numbers' counts, as the projection keeps them."""
    did = func.coalesce(Call.did_id, NONE)
    kinds = select(did, Call.direction, Call.outcome, Call.recorded).distinct()
    conn.execute(insert(CallFacet).from_select(["did_id", "direction", "outcome", "recorded"], kinds))
    hour = func.strftime("%Y-%m-%dT%H", Call.started_at / 1000 + 3 * 3600, "unixepoch")
    group = (hour, did, Call.direction, Call.outcome)
    sums = select(*group, func.count(), func.sum(Call.duration_s), 0).group_by(*group)
    columns = ["hour", "did_id", "direction", "outcome", "calls", "duration_s", "wait_s"]
    conn.execute(insert(CallHour).from_select(columns, sums))
    conn.execute(
        text(
            "UPDATE phone SET calls = found.n, last_call_at = found.at FROM"
            " (SELECT phone_id, count(*) n, max(started_at) at FROM call GROUP BY phone_id) found"
            " WHERE found.phone_id = phone.id"
        )
    )


def measure(conn: Connection) -> None:
    """Print the milliseconds of each mix, the best of five: finding keys, a deep page, rows, the count."""
    print(f"{'filters':30} {'search':>8} {'page':>8} {'deep':>8} {'rows':>8} {'count':>8}  calls")
    for name, typed in MIXES.items():
        days = 200 if "from" in typed else 20
        middle = keys.Key(now() - days * DAY_MS, 0)
        times = []
        filters = timed(times, lambda typed=typed: resolve(conn, parse(typed, ZONE, now())))
        page = timed(times, lambda filters=filters: keys.page(conn, filters))
        timed(times, lambda filters=filters, middle=middle: keys.page(conn, filters, before=middle))
        timed(times, lambda page=page: rows(conn, page.keys))
        total = timed(times, lambda filters=filters: totals.count(conn, filters, ZONE))
        print(f"{name:30} " + " ".join(f"{ms:8.1f}" for ms in times) + f"  {total}")


def timed(times: list[float], work: Any) -> Any:
    """Run `work` five times and note the best: the machine may have other things to do."""
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        found = work()
        took.append((time.perf_counter() - begun) * 1000)
    times.append(min(took))
    return found


if __name__ == "__main__":
    main()

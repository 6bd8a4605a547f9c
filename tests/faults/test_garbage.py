"""Any bytes at all: a documented answer, never a 5xx, and the body kept. 3,000 here, 200,000 in full."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import Push
from app.pbx.message import Invalid
from app.pbx.protocol import open_envelope, parse
from app.services.intake import Incoming
from tests.faults.garbage import bodies
from tests.faults.sending import FULL
from tests.pbx.samples import KEY

ON_SQLITE = 200_000 if FULL else 3000
ON_POSTGRES = 5000 if FULL else 300
LANES = 8

Body = tuple[bytes, str]


def answers(app: Flask, some: list[Body]) -> Counter[int]:
    """The answers to these bodies, posted over several lanes at once."""

    def post(lane: int) -> Counter[int]:
        client = app.test_client()
        counts: Counter[int] = Counter()
        for body, content_type in some[lane::LANES]:
            headers = {"Content-Type": content_type}
            status = client.post("/pbx", data=body, headers=headers).status_code
            assert status in (200, 400, 401), (status, body[:2000], content_type)
            counts[status] += 1
        return counts

    with ThreadPoolExecutor(LANES) as lanes:
        return sum(lanes.map(post, range(LANES)), Counter())


def kept(app: Flask) -> Counter[str]:
    """How many pushes the inbox holds, by their state."""
    runtime = app.extensions["pult"]
    runtime.writer.submit(lambda unit: None)  # what nobody waited for is in, too
    while runtime.intake.drain():
        pass  # a machine that is busy for seconds puts pushes into the spool
    with db.engine.connect() as conn:
        found = conn.execute(select(Push.state, func.count()).group_by(Push.state))
        return Counter({state: number for state, number in found})


def test_mutated_bodies_never_break_the_server_and_are_all_kept(any_app: Flask) -> None:
    count = ON_SQLITE if any_app.extensions["pult"].settings.is_sqlite else ON_POSTGRES
    counts = answers(any_app, bodies(11, count))
    assert kept(any_app) == {"ok": counts[200], "refused": counts[400]}


def test_what_is_kept_of_a_push_says_the_same_when_it_is_read_again(app: Flask) -> None:
    """The key is cut out of what is kept: nothing else may change by that, as rebuilds read it."""
    for body, content_type in bodies(12, 20_000 if FULL else 2000):
        envelope = open_envelope(body, content_type)
        assert envelope.token != KEY or KEY.encode() not in envelope.redacted
        try:
            message = parse(envelope.fields)
        except Invalid:
            continue
        again = Incoming.read_again(1, 0, content_type, envelope.redacted, source="spool").message
        assert again == message, (body, content_type)


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
def test_the_largest_body_is_64_kib(app: Flask, size: int) -> None:
    form = f"cmd=event&type=INCOMING&phone=1&user=a&callid=c&crm_token={KEY}&x=".encode()
    answer = app.test_client().post("/pbx", data=form + b"x" * (size - len(form)))
    assert answer.status_code == (200 if size == 64 * 1024 else 413)

"""However much is queued for the publisher, each change is published."""

from __future__ import annotations

import pytest
from flask import Flask

from app.live.publisher import AT_ONCE, Publisher
from app.services.changes import Change


def test_no_change_is_lost_when_more_are_queued_than_are_taken_at_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher: Publisher = app.extensions["pult"].publisher
    published: list[int] = []
    monkeypatch.setattr(publisher, "_publish", lambda changed: published.extend(one.id for one in changed))
    count = 3 * AT_ONCE
    for number in range(count):
        publisher._queue.put([Change("call", number)])
    publisher._queue.put(None)
    publisher._run()
    assert published == list(range(count))

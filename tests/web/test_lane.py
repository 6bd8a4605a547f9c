"""A push by the PBX's lane and one by the usual view are answered alike."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.extensions import db
from app.models import Push
from app.web.lane import Lane

KEY = "TEST-CRM-TOKEN"
EVENT = f"cmd=event&type=INCOMING&phone=79000000001&user=anna&callid=c-1&crm_token={KEY}"


@pytest.fixture
def usual(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Calling it closes the lane."""

    def close() -> None:
        monkeypatch.setattr(Lane, "_length", lambda *_: None)

    return close


@pytest.mark.parametrize(
    "body",
    [
        EVENT,
        EVENT.replace("cmd=event", "cmd=contact"),
        EVENT.replace("cmd=event", "cmd=invented"),
        EVENT.replace(KEY, "wrong"),
        "",
        "%FF%00",
    ],
)
def test_both_ways_give_the_same_answer(client: FlaskClient, usual: Callable[[], None], body: str) -> None:
    form = "application/x-www-form-urlencoded"
    by_lane = client.post("/pbx", data=body.encode(), content_type=form)
    usual()
    as_usual = client.post("/pbx", data=body.encode(), content_type=form)
    assert (by_lane.status_code, by_lane.data) == (as_usual.status_code, as_usual.data)
    assert dict(by_lane.headers) == dict(as_usual.headers)


def test_what_is_no_ordinary_push_goes_the_usual_way(client: FlaskClient) -> None:
    assert client.get("/pbx").status_code == 405
    assert client.post("/pbx", data=b"x" * (64 * 1024 + 1)).status_code == 413
    assert client.post("/pbx", data=b"x" * (64 * 1024)).status_code == 401


def test_half_a_body_is_no_push(app: Flask, client: FlaskClient) -> None:
    half = {"wsgi.input": io.BytesIO(EVENT[:-20].encode()), "CONTENT_LENGTH": str(len(EVENT))}
    answer = client.post("/pbx", environ_overrides=half)
    assert (answer.status_code, answer.json) == (400, {"error": "Invalid parameters"})
    with db.engine.connect() as conn:
        assert conn.execute(select(func.count()).select_from(Push)).scalar_one() == 0

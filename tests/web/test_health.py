"""What the watchers of the server see."""

import sqlite3

from flask import Flask
from flask.testing import FlaskClient

from app.services import metrics
from app.services.metrics import Counter, Histogram
from tests.personas import Actor


def test_a_healthy_server_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"


def test_a_locked_database_is_alive_but_not_ready(app: Flask, client: FlaskClient) -> None:
    other = sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert client.get("/readyz").status_code == 200


def test_a_database_behind_the_migrations_is_not_ready(app: Flask, client: FlaskClient) -> None:
    set_version = "UPDATE alembic_version SET version_num = '0000'"
    app.extensions["pult"].writer.submit(lambda unit: unit.conn.exec_driver_sql(set_version))
    answer = client.get("/readyz")
    assert (answer.status_code, "migrations" in answer.text) == (503, True)


def test_a_write_that_cannot_be_made_is_a_503_that_says_to_come_again(app: Flask, agent: Actor) -> None:
    other = sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = agent.post("/me/lang", {"lang": "en"})
    other.execute("ROLLBACK")
    other.close()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_page_without_a_database_is_a_503_page(app: Flask, agent: Actor) -> None:
    app.extensions["pult"].writer.stop()
    with sqlite3.connect(app.extensions["pult"].settings.data_dir / "pult.db") as other:
        other.execute("ALTER TABLE session RENAME TO lost")
    other.close()
    answer = agent.get("/me")
    assert answer.status_code == 503
    assert "<h1>" in answer.text


def test_metrics_are_for_this_machine_and_for_admins(app: Flask, agent: Actor, admin: Actor) -> None:
    outside = {"X-Forwarded-For": "192.0.2.9"}
    assert "pult_live_tabs" in app.test_client().get("/metrics").text
    assert app.test_client().get("/metrics", headers=outside).status_code == 404
    assert app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 404
    assert agent.get("/metrics", headers=outside).status_code == 404
    assert admin.get("/metrics", headers=outside).status_code == 200


def test_counters_are_written_as_prometheus_reads_them(client: FlaskClient) -> None:
    before = metrics.PUSHES.value("event", "200")
    metrics.PUSHES.add("event", "200")
    text = client.get("/metrics").text
    assert f'pult_pushes_total{{cmd="event",status="200"}} {before + 1}' in text


def test_a_histogram_counts_upwards() -> None:
    histogram = Histogram("x_seconds", "X.", bounds=(0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 3):
        histogram.observe(seconds)
    (family,) = histogram.collect()
    values = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    assert values == {"0.1": 2, "1.0": 3, "+Inf": 4, "x_seconds_count": 4, "x_seconds_sum": 3.65}


def test_a_counter_keeps_its_labels_apart() -> None:
    counter = Counter("x", "X.", ("cmd",))
    counter.add("event")
    counter.add("history", by=2)
    assert (counter.value("event"), counter.value("history"), counter.value("contact")) == (1, 2, 0)


def test_every_answer_to_the_pbx_is_timed(client: FlaskClient) -> None:
    def timed() -> float:
        (family,) = metrics.PUSH_SECONDS.collect()
        return next(sample.value for sample in family.samples if sample.name.endswith("_count"))

    before = timed()
    client.post("/pbx", data={"cmd": "event"})
    assert timed() == before + 1

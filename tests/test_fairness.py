"""Turns in the server's loop: a push does not wait for all the tabs that come back at once."""

from __future__ import annotations

from app.fairness import WIDTH
from tests.test_concurrency import under_the_server

RUSH = """
from app.fairness import Fair

inside, most, order = [0], [0], []
def app(environ, start_response):
    inside[0] += environ["PATH_INFO"] == "/live"
    most[0] = max(most[0], inside[0])
    gevent.sleep(0)  # as a request that waits for the database
    gevent.sleep(0)
    inside[0] -= environ["PATH_INFO"] == "/live"
    order.append(environ["PATH_INFO"])
    if environ.get("breaks"):
        raise LookupError("a view that fails")
    return []

fair = Fair(app)
def ask(path, **more):
    try:
        fair({"PATH_INFO": path, **more}, None)
    except LookupError:
        pass
tabs = [gevent.spawn(ask, "/live", breaks=n % 2) for n in range(200)]
push = gevent.spawn(ask, "/pbx")
gevent.joinall([push, *tabs])
"""


def test_few_tabs_are_in_the_door_at_a_time_and_all_come_in() -> None:
    assert under_the_server(RUSH + "print(most[0], order.count('/live'))") == f"{WIDTH} 200"


def test_a_push_overtakes_the_tabs_that_wait_before_the_door() -> None:
    assert int(under_the_server(RUSH + "print(order.index('/pbx'))")) <= 3 * WIDTH

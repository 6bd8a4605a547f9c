"""What a quiet tab costs: there may be ten thousand of them."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.live.hub import Hub
from app.live.publisher import topics_of
from app.live.rendering import Audience
from app.live.tab import Tab
from tests.live.conftest import OpenPage
from tests.live.pages import eventually, unix_pair

TABS = 500
LARGEST_TAB = 1024  # bytes of Python's memory; the target of 2 KiB a tab is for the whole process


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture
def line_ends() -> Iterator[ExitStack]:
    """The pages' ends of the lines, closed after the test."""
    with ExitStack() as ends:
        yield ends


def test_a_quiet_tab_costs_less_than_a_kilobyte(
    hub: Hub, open_page: OpenPage, traced: None, line_ends: ExitStack
) -> None:
    open_page(hub, user=0, topics=["board:ru"]).settle(hub)
    pairs = [unix_pair() for _ in range(TABS)]
    for _, client in pairs:
        line_ends.enter_context(client)
    servers = [server for server, _ in pairs]
    pairs.clear()

    def follow(tab: Tab) -> None:
        hub.subscribe(tab.id, tab.topics)

    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for n, server in enumerate(servers):
        topics = topics_of(n // 3, Audience("ru", "Europe/Moscow"), supervisor=True, admin=False)
        hub.adopt(server, user=n // 3, session=n, topics=topics, on_ready=follow)
    wire = hub._loop.wire if hub._loop else None
    assert wire is not None
    assert eventually(lambda: len(wire.watchers.topics["board:ru"].tabs) == TABS + 1)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    assert (after - before) / TABS < LARGEST_TAB


def test_the_tabs_of_a_person_share_what_they_may_watch() -> None:
    audience = Audience("ru", "Europe/Moscow")
    first, second = (topics_of(7, audience, supervisor=True, admin=False) for _ in range(2))
    assert first is second

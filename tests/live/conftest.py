"""Fixtures: hubs that are always stopped, and pages that are always closed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator

import pytest

from app.live.hub import Hub
from app.live.tab import Tab
from app.live.wire import Timings
from tests.live.pages import Page, unix_pair

MakeHub = Callable[..., Hub]
OpenPage = Callable[..., Page]


@pytest.fixture
def make_hub() -> Iterator[MakeHub]:
    """A function that makes a hub; `timings` are given in its own words, such as ping_s=0.1."""
    hubs: list[Hub] = []

    def make(*, tabs_per_user: int = 10, tabs_max: int = 10_000, **timings: float) -> Hub:
        hub = Hub(tabs_per_user=tabs_per_user, tabs_max=tabs_max, timings=Timings(**timings))
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        hub.stop()


@pytest.fixture
def hub(make_hub: MakeHub) -> Hub:
    return make_hub()


@pytest.fixture
def open_page() -> Iterator[OpenPage]:
    """A function that opens a page on a hub, subscribed to `topics` at once."""
    ours: list[socket.socket] = []

    def open_one(
        hub: Hub,
        *,
        user: int = 1,
        session: int = 1,
        topics: Iterable[str] = ("calls",),
        pair: Callable[[], tuple[socket.socket, socket.socket]] = unix_pair,
    ) -> Page:
        server, client = pair()
        ours.extend((server, client))
        page = Page(client)

        def ready(tab: Tab) -> None:
            page.tab = tab
            hub.subscribe(tab.id, topics)

        hub.adopt(server, user=user, session=session, topics=frozenset(topics), on_ready=ready)
        return page

    yield open_one
    for sock in ours:
        sock.close()

"""The navigation: each role sees its rooms, and only rooms that exist."""

from __future__ import annotations

import pytest
from flask import Flask

from app.web.navigation import nav_items


def _paths(app: Flask, role: str, here: str = "/desk") -> list[str]:
    with app.test_request_context(here):
        return [item.url for _, items in nav_items(role) for item in items]


def test_roles_include_each_other(app: Flask) -> None:
    agent, supervisor, admin = (_paths(app, role) for role in ("agent", "supervisor", "admin"))
    assert set(agent) < set(supervisor) < set(admin)
    assert "/wallboard" not in agent
    assert not [path for path in supervisor if path.startswith("/admin")]


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin"])
def test_only_rooms_that_exist_are_linked(app: Flask, role: str) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert set(_paths(app, role)) <= rules


def test_the_room_one_is_in_is_marked(app: Flask) -> None:
    with app.test_request_context("/calls/17"):
        current = [item.url for _, items in nav_items("admin") for item in items if item.current]
    assert current == ["/calls"]

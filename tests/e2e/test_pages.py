"""Every page of the navigation in a real browser: for everybody, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.e2e.conftest import Open, Server
from tests.personas import Actor, MakeUser

AGENT = ["/desk", "/missed", "/contacts", "/calls", "/me"]
SUPERVISOR = ["/wallboard"]
ADMIN = [
    "/admin/setup",
    "/admin/accounts",
    "/admin/users",
    "/admin/numbers",
    "/admin/routing",
    "/admin/inbox",
]
PAGES = [
    *(("agent", path) for path in AGENT),
    *(("supervisor", path) for path in SUPERVISOR),
    *(("admin", path) for path in ADMIN),
]
LONG = "Простоквашин-Матроскин Фёдор Емельянович фон Деревня-Простоквашино"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"

Complaints = Callable[[Page], list[str]]


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize(("role", "path"), PAGES)
def test_a_page_is_for_everybody(
    open_as: Open, make_user: MakeUser, complaints: Complaints, role: str, path: str, lang: str
) -> None:
    page = open_as(make_user(role, name=LONG, lang=lang), path)
    page.wait_for_selector("body[data-live=on]")
    _check(page, complaints)


@pytest.mark.parametrize("path", ["/login", "/nowhere"])
def test_a_strangers_page_is_for_everybody(
    page: Page, server: Server, complaints: Complaints, path: str
) -> None:
    page.goto(server.url + path)
    _check(page, complaints)


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_the_policy_refuses_nothing_of_ours(open_as: Open, make_user: MakeUser, role: str, path: str) -> None:
    actor: Actor = make_user(role)
    page = open_as(actor, "/me")
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(page.url.replace("/me", path))
    page.wait_for_selector("body[data-live=on]")
    assert said == []


def _check(page: Page, complaints: Complaints) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert complaints(page) == []
    assert page.evaluate(TOO_WIDE) <= 0
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TOO_WIDE) <= 0
    assert complaints(page) == []

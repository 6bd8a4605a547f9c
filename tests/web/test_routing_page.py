"""The admin's switches for what happens by itself, and the rehearsal."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.models import Audit
from app.services import settings
from tests.personas import Actor
from tests.scene import Scene

CLIENT = "+79000001234"


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def page(actor: Actor, path: str = "/admin/routing") -> str:
    answer = actor.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def answer_for(actor: Actor, number: str) -> dict[str, str]:
    shown = page(actor, f"/admin/routing?number={number}")
    found = re.search("<code data-answer>(.*)</code>", shown)
    assert found is not None
    answer: dict[str, str] = json.loads(found[1])
    return answer


def test_all_switches_are_kept_together(admin: Actor, scene: Scene) -> None:
    senior = scene.person("Старшая")
    form = {"missed_makes_contact": "1", "senior_user": str(senior), "outgoing_makes_contact": "1"}
    assert admin.post("/admin/routing", form).status_code == 303
    kept = scene.read(settings.get_all)
    assert (kept["missed_makes_contact"], kept["senior_user"]) == (True, senior)
    assert (kept["outgoing_makes_contact"], kept["keep_unmapped"]) == (True, False)
    assert kept["answer_contact"] is False
    assert scene.one(select(Audit.action)) == "rules.changed"
    assert f'<option value="{senior}" selected>' in page(admin)


@pytest.mark.parametrize(
    ("switch", "person"), [("missed_makes_contact", "senior_user"), ("keep_unmapped", "default_user")]
)
@pytest.mark.parametrize("chosen", ["", "999", "x", "gone"])
def test_a_switch_that_needs_a_person_is_refused_without(
    admin: Actor, scene: Scene, switch: str, person: str, chosen: str
) -> None:
    value = str(scene.person("Ушедший", enabled=False)) if chosen == "gone" else chosen
    answer = admin.post("/admin/routing", {switch: "1", person: value})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)
    assert scene.read(settings.get, switch) is False


def test_somebody_who_left_is_warned_about(admin: Actor, scene: Scene) -> None:
    senior, default = scene.person("Старшая"), scene.person("Главная")
    scene.switch(missed_makes_contact=True, senior_user=senior, keep_unmapped=True, default_user=default)
    assert "gone-" not in page(admin)
    scene.disable(senior)
    assert 'id="gone-senior"' in page(admin)
    assert 'id="gone-default"' not in page(admin)
    scene.disable(default)
    assert 'id="gone-default"' in page(admin)
    scene.switch(missed_makes_contact=False)
    assert 'id="gone-senior"' not in page(admin)


def test_the_rehearsal_shows_the_answer_and_why(admin: Actor, scene: Scene) -> None:
    scene.contact(CLIENT, "Фёдор", responsible_id=scene.person("Нина", "orlova"))
    assert answer_for(admin, "89000001234") == {"contact_name": "Фёдор", "responsible": "orlova"}
    assert answer_for(admin, "89000009999") == {}
    assert answer_for(admin, "anonymous") == {}
    assert answer_for(admin, "101") == {}


def test_only_admins_enter(agent: Actor, supervisor: Actor) -> None:
    for actor in (agent, supervisor):
        assert actor.get("/admin/routing").status_code == 403
        assert actor.post("/admin/routing", {}).status_code == 403

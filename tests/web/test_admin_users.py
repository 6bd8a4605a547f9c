"""The admin's list of people, and the record of deeds."""

import re

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import User
from app.services import audit
from tests.personas import Actor, MakeUser


def _person(user_id: int) -> tuple[str, str, bool]:
    with db.engine.connect() as conn:
        row = conn.execute(select(User.name, User.role, User.enabled).where(User.id == user_id)).one()
    return row.name, row.role, row.enabled


def test_only_admins_see_the_list(agent: Actor, supervisor: Actor, admin: Actor) -> None:
    pages = [actor.get("/admin/users") for actor in (agent, supervisor, admin)]
    assert [page.status_code for page in pages] == [403, 403, 200]
    for actor in (agent, supervisor, admin):
        assert actor.email in pages[2].text


def test_a_person_is_renamed_and_given_another_role(admin: Actor, agent: Actor) -> None:
    answer = admin.post(f"/admin/users/{agent.id}", {"name": "Newname Example", "role": "supervisor"})
    assert answer.status_code == 303
    assert _person(agent.id) == ("Newname Example", "supervisor", True)


def test_a_person_is_locked_out_and_let_in_again(admin: Actor, agent: Actor) -> None:
    assert admin.post(f"/admin/users/{agent.id}/enabled", {"enabled": ""}).status_code == 303
    assert agent.get("/me").status_code == 303
    assert admin.post(f"/admin/users/{agent.id}/enabled", {"enabled": "1"}).status_code == 303
    assert _person(agent.id)[2]


def test_the_last_admin_is_kept_with_a_reason_beside_them(admin: Actor) -> None:
    for path, form in (("/enabled", {"enabled": ""}), ("", {"name": "A", "role": "agent"})):
        answer = admin.post(f"/admin/users/{admin.id}{path}", form)
        assert answer.status_code == 409
        assert 'role="alert"' in answer.text
    assert _person(admin.id)[1:] == ("admin", True)


def test_a_taken_email_is_said_at_its_field(admin: Actor, agent: Actor) -> None:
    answer = admin.post("/admin/users", {"name": "Two", "email": agent.email.upper(), "role": "agent"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_a_new_link_is_made_for_those_who_may_log_in(admin: Actor, make_user: MakeUser) -> None:
    gone = make_user("agent", enabled=False)
    assert "/invite/" in admin.post(f"/admin/users/{admin.id}/invite").text
    assert admin.post(f"/admin/users/{gone.id}/invite").status_code == 422


def test_a_person_who_does_not_exist_is_not_found(admin: Actor) -> None:
    for path in ("", "/enabled", "/invite"):
        assert admin.post(f"/admin/users/999{path}", {"name": "A", "role": "agent"}).status_code == 404


def test_names_are_text_not_markup(admin: Actor) -> None:
    name = '<img src=x onerror="alert(1)">'
    page = admin.post("/admin/users", {"name": name, "email": "x@pult.example", "role": "agent"}).text
    assert "<img" not in page


def test_the_record_of_deeds_is_read_page_by_page(app: Flask, admin: Actor) -> None:
    for _ in range(audit.PAGE + 5):
        app.extensions["pult"].writer.write(audit.record, admin.id, "login", "user", admin.id)
    first = admin.get("/admin/audit").text
    assert first.count("<tr>") == audit.PAGE + 1
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = admin.get(older).text
    assert second.count("<tr>") == 5 + 1
    assert 'rel="next"' not in second


def test_a_made_up_page_key_is_ignored(admin: Actor) -> None:
    for key in ("x", "-1", "9" * 40, "١"):
        assert admin.get(f"/admin/audit?before={key}").status_code == 200

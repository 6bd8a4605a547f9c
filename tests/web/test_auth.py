"""Coming in and going out, and what each person chooses."""

import html
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Audit
from app.services import invites, metrics
from tests.personas import PASSWORD, Actor, MakeUser

NEW = "a new and better one"


def _deeds() -> list[str]:
    with db.engine.connect() as conn:
        return list(conn.execute(select(Audit.action).order_by(Audit.id)).scalars())


def _log_in(browser: Actor, email: str, password: str, **form: str) -> Any:
    return browser.post("/login", {"email": email, "password": password, **form})


def test_logging_in_by_the_form_as_a_browser_does_it(app: Flask, agent: Actor) -> None:
    browser = app.test_client()
    page = browser.get("/login?next=/calls").text
    fields = dict(re.findall(r'name="(csrf_token|next)" value="([^"]*)"', page))
    answer = browser.post("/login", data={**fields, "email": " Agent@Pult.example", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/calls")
    assert browser.get("/me").status_code == 200
    assert _deeds() == ["login"]


@pytest.mark.parametrize(
    ("role", "home"), [("agent", "/desk"), ("supervisor", "/wallboard"), ("admin", "/admin")]
)
def test_each_role_has_a_home(make_user: MakeUser, role: str, home: str) -> None:
    assert make_user(role).get("/").headers["Location"] == home


def test_a_log_in_never_leads_to_another_site(agent: Actor, stranger: Actor) -> None:
    answer = _log_in(stranger, agent.email, PASSWORD, next="//evil.example/")
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_email_look_the_same(agent: Actor, stranger: Actor) -> None:
    counted = metrics.LOGINS.value("wrong")
    wrong = _log_in(stranger, agent.email, "wrong")
    unknown = _log_in(stranger, "nobody@pult.example", PASSWORD)
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace(agent.email, "") == unknown.text.replace("nobody@pult.example", "")
    assert _deeds() == ["login_failed", "login_failed"]
    assert metrics.LOGINS.value("wrong") == counted + 2


def test_a_disabled_person_cannot_log_in(make_user: MakeUser, stranger: Actor) -> None:
    gone = make_user("agent", enabled=False)
    assert _log_in(stranger, gone.email, PASSWORD).status_code == 422


def test_a_person_who_was_only_invited_cannot_log_in(make_user: MakeUser, stranger: Actor) -> None:
    invited = make_user("agent", password="")
    assert _log_in(stranger, invited.email, "").status_code == 422


def test_guessing_is_slowed_down_for_one_email_only(
    make_user: MakeUser, agent: Actor, stranger: Actor
) -> None:
    other = make_user("agent", email="other@pult.example")
    answers = [_log_in(stranger, agent.email, "wrong") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert _log_in(stranger, agent.email, PASSWORD).status_code == 429
    assert _log_in(stranger, other.email, PASSWORD).status_code == 303


def test_behind_a_proxy_the_callers_own_address_counts(agent: Actor, stranger: Actor) -> None:
    form = {"email": agent.email, "password": "wrong"}
    for _ in range(6):
        last = stranger.post("/login", form, headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.1"})
    assert last.status_code == 429
    elsewhere = stranger.post("/login", form, headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"})
    assert elsewhere.status_code == 422


def test_logging_out_ends_the_session_itself(app: Flask, agent: Actor) -> None:
    assert agent.post("/logout").headers["Location"] == "/login"
    thief = app.test_client()
    thief.set_cookie("pult", agent.cookie)
    assert thief.get("/me").status_code == 303


def test_logging_in_again_replaces_the_session_of_this_browser(app: Flask, agent: Actor) -> None:
    old = agent.cookie
    assert _log_in(agent, agent.email, PASSWORD).status_code == 303
    thief = app.test_client()
    thief.set_cookie("pult", old)
    assert thief.get("/me").status_code == 303
    assert agent.get("/me").status_code == 200


def test_whoever_is_logged_in_passes_the_log_in_page_by(agent: Actor) -> None:
    assert agent.get("/login?next=/calls").headers["Location"] == "/calls"


def test_the_first_administrator_sets_themselves_up(app: Flask, stranger: Actor) -> None:
    link = f"/setup/{app.extensions['pult'].writer.write(invites.setup_link)}"
    assert 'name="email"' in stranger.get(link).text
    form = {"name": "First Example", "email": "first@pult.example", "password": NEW, "again": NEW}
    assert stranger.post(link, {**form, "email": "first"}).status_code == 422
    assert stranger.post(link, {**form, "again": "x"}).status_code == 422
    assert stranger.post(link, {**form, "password": "short", "again": "short"}).status_code == 422
    assert stranger.post(link, form).headers["Location"] == "/"
    assert stranger.get("/").headers["Location"] == "/admin"
    assert Actor(app).get(link).status_code == 404
    assert Actor(app).post(link, form).status_code == 404


@pytest.mark.parametrize("path", ["/setup/x", "/invite/x", "/setup/й", "/invite/" + "a" * 300])
def test_a_made_up_link_is_not_found(stranger: Actor, path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_an_invited_person_chooses_a_password_and_is_in(app: Flask, admin: Actor) -> None:
    page = admin.post("/admin/users", {"name": "New Example", "email": "new@pult.example", "role": "agent"})
    link = html.unescape(re.findall(r'value="http://127.0.0.1:8000(/invite/[^"]+)"', page.text)[0])
    newcomer = Actor(app)
    for _ in range(2):  # looking at the link does not use it up
        assert "New Example" in newcomer.get(link).text
    assert newcomer.post(link, {"password": NEW, "again": NEW}).headers["Location"] == "/"
    assert newcomer.get("/me").status_code == 200
    assert Actor(app).get(link).status_code == 404
    assert _log_in(Actor(app), "new@pult.example", NEW).status_code == 303


def test_my_choices_are_kept_and_stay_on_the_page(agent: Actor) -> None:
    answer = agent.post("/me/lang", {"lang": "en", "next": "/calls"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/calls")
    assert 'lang="en"' in agent.get("/me").text
    agent.post("/me/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in agent.get("/me").text
    agent.post("/me/timezone", {"timezone": "Asia/Omsk"})
    assert 'value="Asia/Omsk" selected' in agent.get("/me").text
    agent.post("/me", {"lang": "ru", "timezone": "Europe/Moscow", "theme": ""})
    assert 'lang="ru"' in agent.get("/me").text


def test_nonsense_is_not_chosen(agent: Actor) -> None:
    for timezone in ("Mars/Olympus", "../../etc/passwd", ""):
        assert agent.post("/me/timezone", {"timezone": timezone}).status_code == 422
        assert agent.post("/me", {"timezone": timezone}).status_code == 422
    agent.post("/me/lang", {"lang": "xx", "next": "https://evil.example"})
    agent.post("/me/theme", {"theme": '"><b>'})
    assert 'lang="ru"' in agent.get("/me").text


def test_a_stranger_is_addressed_in_the_browsers_language(stranger: Actor) -> None:
    for asked, lang in (("en-GB,en;q=0.9", "en"), ("ru", "ru"), ("de", "ru"), ("", "ru")):
        page = stranger.get("/login", headers={"Accept-Language": asked}).text
        assert f'<html lang="{lang}"' in page


def test_changing_the_password_needs_the_present_one_and_ends_other_log_ins(app: Flask, agent: Actor) -> None:
    elsewhere = Actor(app, agent.id).log_in()
    form = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert agent.post("/me/password", {**form, "current": "wrong"}).status_code == 422
    assert agent.post("/me/password", {**form, "again": "x"}).status_code == 422
    assert agent.post("/me/password", {**form, "password": "short", "again": "short"}).status_code == 422
    assert elsewhere.get("/me").status_code == 200
    assert agent.post("/me/password", form).status_code == 303
    assert agent.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303
    assert _log_in(Actor(app), agent.email, NEW).status_code == 303


def test_signing_out_everywhere_keeps_this_browser(app: Flask, agent: Actor) -> None:
    elsewhere = Actor(app, agent.id).log_in()
    assert agent.post("/me/sessions/revoke").status_code == 303
    assert agent.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303


def test_a_program_logs_in_with_e_mail_and_password_alone(app: Flask, agent: Actor) -> None:
    program = app.test_client()
    answer = program.post("/login", data={"email": agent.email, "password": PASSWORD})
    assert answer.status_code == 303
    assert program.get("/desk").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_site_logs_nobody_in(app: Flask, agent: Actor, origin: str) -> None:
    form = {"email": agent.email, "password": PASSWORD}
    answer = app.test_client().post("/login", data=form, headers={"Origin": origin})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers or "pult=" not in answer.headers["Set-Cookie"]

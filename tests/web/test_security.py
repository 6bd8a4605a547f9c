"""Who gets through the guard, and from which page."""

from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import from_environment
from app.services import sessions
from app.services.schema import migrate
from app.web.security import local_path, public, requires
from tests.personas import Actor, MakeUser, new_user

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application with a few plain views of every kind."""
    room = Blueprint("probe", __name__, url_prefix="/probe")

    @room.get("/undeclared")
    def undeclared() -> str:
        return "open by mistake"

    @room.route("/public", methods=["GET", "POST"])
    @public
    def for_all() -> str:
        return "public"

    @room.route("/agent", methods=["GET", "POST"])
    @requires("agent")
    def for_agents() -> str:
        return "agent"

    @room.get("/supervisor")
    @requires("supervisor")
    def for_supervisors() -> str:
        return "supervisor"

    @room.get("/admin")
    @requires("admin")
    def for_admins() -> str:
        return "admin"

    @room.get("/sound")
    @requires("agent", page=False)
    def sound() -> str:
        return "sound"

    @room.post("/upload")
    @requires("agent", largest_body=200_000)
    def upload() -> str:
        return "uploaded"

    app.register_blueprint(room)
    return app


def test_a_view_that_declares_nothing_is_closed_even_to_an_admin(admin: Actor) -> None:
    assert admin.get("/probe/undeclared").status_code == 403


def test_roles_include_each_other(agent: Actor, supervisor: Actor, admin: Actor) -> None:
    rooms = ["/probe/agent", "/probe/supervisor", "/probe/admin"]
    assert [agent.get(room).status_code for room in rooms] == [200, 403, 403]
    assert [supervisor.get(room).status_code for room in rooms] == [200, 200, 403]
    assert [admin.get(room).status_code for room in rooms] == [200, 200, 200]


def test_an_unknown_role_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="no such role"):
        requires("boss")


def test_a_stranger_is_led_to_the_log_in_page_and_back(stranger: Actor) -> None:
    answer = stranger.get("/probe/agent?day=1&q=a b")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/probe/agent%3Fday%3D1%26q%3Da%20b"


def test_a_strangers_post_is_led_to_the_log_in_page_without_a_way_back(stranger: Actor) -> None:
    assert stranger.post("/probe/agent").headers["Location"] == "/login"


def test_a_strangers_htmx_request_leaves_the_page_for_the_log_in(stranger: Actor) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/calls?q=1"}
    answer = stranger.get("/probe/agent", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=/calls")


def test_a_stranger_gets_401_where_there_is_no_page(stranger: Actor) -> None:
    assert stranger.get("/probe/sound").status_code == 401


def test_every_page_of_the_application_refuses_a_stranger(app: Flask, stranger: Actor) -> None:
    open_to_all = ("/login", "/healthz", "/readyz", "/metrics", "/probe/public", "/static/")
    for rule in app.url_map.iter_rules():
        path = str(rule)
        if "GET" in (rule.methods or ()) and not rule.arguments and not path.startswith(open_to_all):
            answer = stranger.get(path)
            assert answer.status_code in (303, 401, 403), path


@pytest.mark.parametrize("token", [None, "", "wrong", "й"])
def test_a_post_without_the_right_token_is_refused(agent: Actor, token: str | None) -> None:
    data = {} if token is None else {"csrf_token": token}
    answer = agent.client.post("/probe/agent", data=data)
    assert answer.status_code == 400
    assert "reload" in answer.text.lower() or "обнов" in answer.text.lower()


def test_a_post_with_the_pages_token_is_accepted(agent: Actor) -> None:
    assert agent.post("/probe/agent").text == "agent"
    assert agent.htmx("POST", "/probe/agent").text == "agent"


def test_another_persons_token_does_not_fit(agent: Actor, supervisor: Actor) -> None:
    data = {"csrf_token": supervisor.csrf_token()}
    assert agent.client.post("/probe/agent", data=data).status_code == 400


def test_a_strangers_token_opens_public_forms_only(app: Flask, agent: Actor, stranger: Actor) -> None:
    token = stranger.csrf_token()
    assert stranger.client.post("/probe/public", data={"csrf_token": token}).text == "public"
    agent.client.set_cookie("pult-form", "stranger")
    assert agent.client.post("/probe/agent", data={"csrf_token": token}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "http://localhost:8000"}, 200),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "http://127.0.0.1:8001"}, 400),
        ({"Origin": "http://127.0.0.1:8000.evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Origin": ""}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
    ],
)
def test_only_our_own_origin_may_post(agent: Actor, headers: dict[str, str], status: int) -> None:
    assert agent.post("/probe/agent", headers=headers).status_code == status


def test_the_pbx_needs_no_token(client: FlaskClient) -> None:
    assert client.post("/pbx", data={}, headers={"Origin": "https://pbx.example"}).status_code != 303


def test_a_view_may_take_a_larger_body_than_others(agent: Actor) -> None:
    large = {"text": "x" * 100_000}
    assert agent.post("/probe/agent", large).status_code == 413
    assert agent.post("/probe/upload", large).text == "uploaded"


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/calls?q=1", "/calls?q=1"),
        ("/", "/"),
        ("", "/"),
        ("calls", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/\t/evil.example", "/"),
    ],
)
def test_a_way_back_never_leaves_this_site(wanted: str, led_to: str) -> None:
    assert local_path(wanted) == led_to


def test_a_disabled_person_is_a_stranger_at_once(app: Flask, make_user: MakeUser) -> None:
    gone = make_user("admin", email="gone@pult.example", enabled=False)
    assert gone.get("/probe/agent").status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "й" * 50, "a" * 4000, "' OR 1=1 --"])
def test_a_made_up_cookie_opens_nothing(app: Flask, cookie: str) -> None:
    stranger = Actor(app)
    stranger.client.set_cookie("pult", cookie)
    assert stranger.get("/probe/agent").status_code == 303


def test_a_session_is_noted_as_used_at_most_once_a_minute(app: Flask, agent: Actor) -> None:
    writer = app.extensions["pult"].writer
    early = writer.submit(lambda unit: unit.now - 5 * sessions.MINUTE_MS)
    set_seen = "UPDATE session SET seen_at = ?"
    writer.submit(lambda unit: unit.conn.exec_driver_sql(set_seen, (early,)))
    for _ in range(3):
        assert agent.get("/probe/agent").status_code == 200
    seen = writer.submit(lambda unit: unit.conn.exec_driver_sql("SELECT seen_at FROM session").scalar())
    assert seen > early
    agent.get("/probe/agent")
    again = writer.submit(lambda unit: unit.conn.exec_driver_sql("SELECT seen_at FROM session").scalar())
    assert again == seen


def test_under_https_the_cookies_are_bound_to_this_host(tmp_path: Path) -> None:
    env = {"PULT_DATA_DIR": str(tmp_path / "s"), "PULT_PUBLIC_URL": "https://pult.example"}
    app = create_app(from_environment(env))
    with app.app_context():
        migrate()
        person = new_user(app, "agent")
        answer = Actor(app).get("/login", base_url="https://localhost")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-pult-form=")
        for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"]
        assert person.get("/me", base_url="https://localhost").status_code == 200
        app.extensions["pult"].stop()


def test_a_number_no_database_can_hold_is_not_found(admin: Actor) -> None:
    for path in ("/calls/{}", "/contacts/{}", "/calls/{}/recording"):
        assert admin.get(path.format(10**30)).status_code == 404

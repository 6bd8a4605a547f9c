"""What people and the PBX are told when something goes wrong."""

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.web.security import public
from tests.personas import Actor


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 413, 418, 429, 500, 503, 501])
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_every_error_has_a_page_in_both_languages(app: Flask, stranger: Actor, code: int, lang: str) -> None:
    @public
    def fail() -> None:
        error = HTTPException("secret detail")
        error.code = code
        raise error

    app.add_url_rule("/fail", view_func=fail)
    answer = stranger.get("/fail", headers={"Accept-Language": lang})
    assert answer.status_code == code
    assert f'<html lang="{lang}"' in answer.text
    assert str(code) in answer.text
    assert "secret detail" not in answer.text


def test_a_bug_shows_a_reference_and_nothing_of_itself(
    app: Flask, agent: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    @public
    def broken() -> None:
        raise RuntimeError("+7 900 000-00-00")

    app.add_url_rule("/broken", view_func=broken)
    answer = agent.get("/broken")
    assert answer.status_code == 500
    assert "900" not in answer.text
    reference = caplog.records[-1].getMessage().split()[1]
    assert reference in answer.text


@pytest.mark.parametrize(("method", "code"), [("GET", 405), ("PUT", 405), ("DELETE", 405)])
def test_the_pbx_is_answered_in_json(stranger: Actor, method: str, code: int) -> None:
    answer = stranger.client.open("/pbx", method=method)
    assert answer.status_code == code
    assert "error" in answer.get_json()


def test_a_wrong_method_names_the_right_ones(stranger: Actor) -> None:
    assert "POST" in stranger.client.delete("/login").headers["Allow"]

"""The server's own configuration, and the examples for those who run it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import requests

from app.config import from_environment
from tests.serving import Served

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_an_idle_server_ends_without_a_complaint(tmp_path: Path) -> None:
    server = Served(tmp_path / "data").start()
    time.sleep(1.2)  # its loop is asleep then, and the signal arrives where nothing may wait
    server.stop()
    assert "Traceback" not in server.log.read_text()


def test_what_anybody_says_of_scheme_and_path_changes_nothing(tmp_path: Path) -> None:
    said = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Ssl": "on",
        "SCRIPT_NAME": "/other",
        "PATH_INFO": "/other",
    }
    server = Served(tmp_path / "data").start()
    try:
        plain, told = (
            requests.get(f"{server.url}/login", headers=headers, timeout=20) for headers in ({}, said)
        )
    finally:
        server.stop()
    assert plain.status_code == told.status_code == 200
    assert plain.headers.keys() == told.headers.keys()


def test_systemd_and_nginx_expect_pult_where_it_listens() -> None:
    bind = from_environment({}).bind
    assert f"ListenStream={bind}\n" in (DEPLOY / "pult.socket").read_text()
    assert f"server {bind} " in (DEPLOY / "nginx.conf.example").read_text()


def test_nginx_keeps_a_quiet_line_open() -> None:
    live = re.search(r"location = /live \{(.*?)\}", (DEPLOY / "nginx.conf.example").read_text(), re.S)
    assert live is not None
    assert [int(seconds) > 60 for seconds in re.findall(r"_timeout (\d+)s", live[1])] == [True, True]
    assert "Upgrade $http_upgrade" in live[1]


def test_the_image_copies_every_room() -> None:
    copied = set(re.findall(r"^COPY .*?(\w+)/?$", (DEPLOY / "Containerfile").read_text(), re.M))
    assert {"app", "templates", "static", "deploy"} <= copied

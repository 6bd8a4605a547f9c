"""Pult behind nginx as the example sets it up: TLS ends there; pushes, pages and the line pass through."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.e2e.company import KOSCHEI, VASILISA, furnish
from tests.e2e.house import expect_pop, on_line
from tests.nginx import Nginx
from tests.serving import Served

pytestmark = pytest.mark.nginx

WITHIN_S = 20
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass(frozen=True)
class Site:
    """A server and the nginx before it; `cookies` by e-mail."""

    nginx: Nginx
    cookies: dict[str, str]

    def push(self, **form: str) -> requests.Response:
        """Post a push as the PBX would, over TLS."""
        known = {"crm_token": "TEST-CRM-TOKEN", "cmd": "event", "direction": "in", "phone": "79000000211"}
        body = {**known, "diversion": "74950000001", **form}
        return requests.post(f"{self.nginx.url}/pbx", data=body, verify=self.nginx.certificate, timeout=30)

    def get(self, path: str, **how: Any) -> requests.Response:
        """What a browser gets; a stranger unless it brings a cookie."""
        return requests.get(f"{self.nginx.url}{path}", verify=self.nginx.certificate, timeout=30, **how)

    def line(self, email: str) -> ssl.SSLSocket:
        """The WebSocket of somebody's page, after what asks for it was sent."""
        trusting = ssl.create_default_context(cafile=self.nginx.certificate)
        plain = socket.create_connection(("127.0.0.1", self.nginx.port), WITHIN_S)
        line = trusting.wrap_socket(plain, server_hostname="localhost")
        asked = {**UPGRADE, "Host": "localhost", "Origin": self.nginx.url}
        asked["Cookie"] = f"__Host-pult={self.cookies[email]}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        line.sendall(f"GET /live HTTP/1.1\r\n{lines}\r\n".encode())
        return line


@pytest.fixture(scope="module")
def site(template_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site of this module."""
    folder = tmp_path_factory.mktemp("site")
    served = Served(folder / "data")
    nginx = Nginx(folder / "nginx", served.port)
    served.environment["PULT_PUBLIC_URL"] = nginx.url
    served.data_dir.mkdir(mode=0o700)
    shutil.copy(template_database, served.data_dir / "pult.db")
    cookies = furnish(served)
    served.start()
    try:
        with nginx:
            yield Site(nginx, cookies)
    finally:
        served.stop()


def test_nginx_takes_the_example_without_a_complaint(tmp_path: Path) -> None:
    returned, said = Nginx(tmp_path / "nginx", 8000).check()
    assert returned == 0, said
    assert "[warn]" not in said


def test_a_push_through_nginx_reaches_an_open_line(site: Site) -> None:
    with site.line(KOSCHEI.email) as line:
        assert _read_until(line, b"\r\n").startswith(b"HTTP/1.1 101")
        assert site.push(type="INCOMING", callid="nginx-1", user="ivan").status_code == 200
        _read_until(line, b'data-callid="nginx-1"')


def test_a_push_with_a_wrong_key_is_refused_through_nginx_too(site: Site) -> None:
    assert site.push(type="INCOMING", callid="nginx-2", user="vasilisa", crm_token="wrong").status_code == 401


def test_a_strange_origin_gets_no_line(site: Site) -> None:
    cookie = {"__Host-pult": site.cookies[KOSCHEI.email]}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    asked = {
        **upgrade,
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": "https://elsewhere.example",
    }
    assert site.get("/live", headers=asked, cookies=cookie).status_code == 403


@pytest.mark.chromium
def test_a_page_behind_nginx_is_live(site: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=site.nginx.url, ignore_https_errors=True)
    cookie = {"name": "__Host-pult", "value": site.cookies[VASILISA.email], "url": site.nginx.url}
    context.add_cookies([{**cookie, "secure": True}])
    try:
        hers = context.new_page()
        hers.goto("/desk")
        on_line(hers)
        site.push(type="INCOMING", callid="nginx-3", user="vasilisa")
        expect_pop(hers, "nginx-3", "ringing")
    finally:
        context.close()


def test_plain_http_is_sent_to_https(site: Site) -> None:
    answer = requests.get(f"http://localhost:{site.nginx.http_port}/desk", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://localhost/desk")


def test_what_watches_the_machine_is_not_for_the_world(site: Site) -> None:
    assert site.get("/metrics").status_code == 404
    assert site.get("/healthz").status_code == 200


def _read_until(line: ssl.SSLSocket, words: bytes) -> bytes:
    """Everything up to these words. A server's frames are not masked: text stands in them as it is."""
    got = b""
    while words not in got:
        more = line.recv(65536)
        assert more, f"the line has ended: {got[-200:]!r}"
        got += more
    return got

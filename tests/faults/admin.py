"""An administrator who watches a server that is in trouble."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import requests

from tests.serving import Served

PASSWORD = "correct horse battery"
SEEN_WITHIN_S = 30.0


class Admin:
    """Somebody whose browser is logged in."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._browser = requests.Session()
        person = ("--name", "Anna Example", "--role", "admin", "--password-stdin")
        served.command("users", "add", "anna@pult.example", *person, stdin=f"{PASSWORD}\n")
        self._log_in()

    def _log_in(self) -> None:
        page = self._browser.get(f"{self._served.url}/login", timeout=10).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        form = {"email": "anna@pult.example", "password": PASSWORD, "csrf_token": found[1]}
        headers = {"Origin": self._served.url}
        answer = self._browser.post(f"{self._served.url}/login", data=form, headers=headers, timeout=10)
        assert answer.ok and answer.url.endswith("/admin/setup"), answer.url

    def reads(self, path: str = "/admin/inbox") -> str:
        """A page, whatever its status."""
        return self._browser.get(f"{self._served.url}{path}", timeout=10).text

    def sees(self, words: str, path: str = "/admin/inbox") -> bool:
        return words in self.reads(path)


def eventually(is_so: Callable[[], bool], within_s: float = SEEN_WITHIN_S) -> None:
    """Ask until it is so."""
    until = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until, "it did not become so"
        time.sleep(0.2)

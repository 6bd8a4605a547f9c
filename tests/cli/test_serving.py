"""The server as a process: how it ends."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.serving import Served


def test_a_silent_connection_does_not_hold_up_a_restart(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    served = Served(data_dir).start()
    with requests.Session() as browser:
        browser.get(f"{served.url}/healthz", timeout=10)
        served.stop()
    told = served.log.read_text()
    assert "graceful timeout" not in told  # gunicorn's word when its patience has ended
    assert "Traceback" not in told

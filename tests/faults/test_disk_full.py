"""The disk full: 503, never 200; after space is freed, 200 again without a restart."""

from __future__ import annotations

import time
from pathlib import Path

import requests

from tests.faults.admin import Admin, eventually
from tests.faults.conftest import Serve, sqlite_url
from tests.faults.disk import fill
from tests.faults.sending import Sender, assert_nothing_lost, eventually_drained


def test_a_full_disk_is_answered_503_and_shown_and_heals_by_itself(
    small_disk: Path, serve: Serve, ledger: Path
) -> None:
    served = serve(small_disk / "data", PULT_LANG="en")
    admin = Admin(served)
    with Sender(served.url, ledger) as sender:
        sender.wait_for(20)
        filler = fill(small_disk)
        eventually(lambda: sender.statuses[503] >= 20)
        answered = len(sender.answered)
        time.sleep(1)
        assert len(sender.answered) == answered, "a push was answered 200 with a full disk"
        assert requests.get(f"{served.url}/readyz", timeout=10).status_code == 503
        eventually(lambda: admin.sees("The database cannot be written since"))
        assert admin.sees("disk", "/admin/storage"), "an open page is not told the reason"
        filler.unlink()
        sender.wait_for(answered + 40)
        eventually_drained(served.data_dir)
    assert set(sender.statuses) == {200, 503}
    assert_nothing_lost(ledger, sqlite_url(served))
    eventually(lambda: requests.get(f"{served.url}/readyz", timeout=10).ok)
    assert not admin.sees("cannot be written")

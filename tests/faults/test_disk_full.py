"""The disk full: 503, never 200; after space is freed, 200 again without a restart."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.faults.admin import Admin, eventually
from tests.faults.conftest import Serve, sqlite_url
from tests.faults.sending import Sender, assert_nothing_lost, eventually_drained


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_is_answered_503_and_shown_and_heals_by_itself(
    serve: Serve, ledger: Path, small_disk: Path
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

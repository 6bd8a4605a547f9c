"""Under 500 events a second the pages stay at hand, and say in the end what the database says."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from playwright.sync_api import Browser

from tests.bench.company import found
from tests.bench.loading import Figures, Load
from tests.e2e.burst import burst
from tests.faults.sending import FULL

NO_GCC = shutil.which("gcc") is None and os.environ.get("PULT_TEST_ALL") != "1"
pytestmark = [pytest.mark.chromium, pytest.mark.skipif(NO_GCC, reason="gcc is not installed")]

SECONDS = 20 if FULL else 3
PEOPLE = 200  # as many as the wallboard shows
A_REGION_PER_S = 4


@pytest.fixture(scope="module")
def figures(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """One burst, looked at by each test."""
    folder = tmp_path_factory.mktemp("burst")
    measured = burst(browser, Load(folder), found(folder / "company", PEOPLE, 1), folder, SECONDS)
    print(json.dumps(measured, indent=1))
    return measured


def test_every_push_of_the_burst_is_taken(figures: Figures) -> None:
    assert figures["ok"] == figures["sent"] > SECONDS * 500


def test_no_task_of_a_page_is_long(figures: Figures) -> None:
    assert figures["own_long_tasks"] == []


def test_in_the_end_the_pages_equal_the_database(figures: Figures) -> None:
    assert figures["differences"] == []


def test_a_region_of_the_wallboard_is_drawn_four_times_a_second_at_most(figures: Figures) -> None:
    rates = figures["frames_per_s"]
    assert {"calls", "counts", "people"} <= rates.keys()
    # A frame may be a little late and the last one not: the first and the last are not the server's clock.
    assert {region: rate for region, rate in rates.items() if rate > A_REGION_PER_S * 1.05} == {}

"""The `start` of a history, as the editions of the API write it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pbx.times import compact, parse_start

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        ("20260917T112637Z", utc(2026, 9, 17, 11, 26, 37)),
        ("2026-09-17T11:26:37Z", utc(2026, 9, 17, 11, 26, 37)),
        ("2026-09-29T16:14:08+03:00", utc(2026, 9, 29, 13, 14, 8)),
        ("2026-09-29T16:14:08+0300", utc(2026, 9, 29, 13, 14, 8)),
        ("2026-09-29T16:14:08 03:00", utc(2026, 9, 29, 13, 14, 8)),
        ("2026-09-29T06:14:08-05:30", utc(2026, 9, 29, 11, 44, 8)),
        ("2026-09-29T16:14:08.250Z", utc(2026, 9, 29, 16, 14, 8) + 250),
        ("2026-10-03 16:00:00", utc(2026, 10, 3, 13)),
        ("2026-10-03T16:00:00", utc(2026, 10, 3, 13)),
        ("20261003T160000", utc(2026, 10, 3, 13)),
        (" 20260917T112637Z\n", utc(2026, 9, 17, 11, 26, 37)),
    ],
)
def test_a_start_is_read(raw, at):
    assert parse_start(raw, MOSCOW) == at


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "yesterday",
        "1758108397",
        "20261303T160000Z",
        "20260230T160000Z",
        "2026-10-03 25:00:00",
        "2026-10-03",
        "00010101T000000Z",
        "٢٠٢٦0917T112637Z",
        "2026-10-03T16:00:00+99:00",
    ],
)
def test_nonsense_is_no_time(raw):
    assert parse_start(raw, MOSCOW) is None


def test_an_hour_that_comes_twice_is_read_as_the_first():
    assert parse_start("2026-10-25 02:30:00", BERLIN) == utc(2026, 10, 25, 0, 30)


@given(st.integers(utc(2000, 1, 1) // 1000, utc(2099, 12, 31) // 1000))
def test_the_compact_form_reads_back(second):
    assert parse_start(compact(second * 1000), MOSCOW) == second * 1000


@given(st.text())
def test_no_text_raises(raw):
    assert parse_start(raw, MOSCOW) is None or raw

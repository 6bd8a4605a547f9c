"""How numbers, times and names are written, in both languages, without a request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from app.web import filters

MOSCOW = "Europe/Moscow"
NOON = 1_795_424_400_000  # 2026-11-23 09:00 UTC, noon in Moscow
HOUR = 3_600_000


@pytest.fixture
def english(app: Flask) -> Iterator[None]:
    """Rendering as a live fragment does it: an application, no request, a forced language."""
    with app.app_context(), force_locale("en"):
        yield


@pytest.fixture
def russian(app: Flask) -> Iterator[None]:
    with app.app_context(), force_locale("ru"):
        yield


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0:00"), (7, "0:07"), (760, "12:40"), (3723, "1:02:03"), (-5, "0:00"), (None, "—"), (7.9, "0:07")],
)
def test_a_duration_is_written_as_a_clock_counts(seconds: float | None, written: str) -> None:
    assert filters.duration(seconds) == written


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("seconds", "written"),
    [(40, "40 с"), (725, "12 мин"), (8_070, "2 ч 14 мин"), (200_000, "2 дн"), (None, "—")],
)
def test_a_long_wait_is_written_in_words(seconds: float | None, written: str) -> None:
    assert filters.span(seconds).replace("\N{NO-BREAK SPACE}", " ") == written


def test_a_time_is_told_in_the_given_zone() -> None:
    assert filters.clock(NOON, MOSCOW) == "12:00"
    assert filters.clock(NOON, "Asia/Yekaterinburg") == "14:00"
    assert filters.clock(NOON + 7_000, MOSCOW, True) == "12:00:07"
    assert filters.clock(None, MOSCOW) == "—"


@pytest.mark.usefixtures("russian")
def test_a_day_is_named_by_its_distance_in_russian() -> None:
    assert filters.day(NOON, MOSCOW, NOON) == "Сегодня, 23 ноября"
    assert filters.day(NOON - 13 * HOUR, MOSCOW, NOON) == "Вчера, 22 ноября"
    assert filters.day(NOON - 72 * HOUR, MOSCOW, NOON) == "20 ноября"
    assert "2025" in filters.day(NOON - 365 * 24 * HOUR, MOSCOW, NOON)


@pytest.mark.usefixtures("english")
def test_a_day_is_named_by_its_distance_in_english() -> None:
    assert filters.day(NOON, MOSCOW, NOON) == "Today, November 23"
    assert filters.day(NOON - 13 * HOUR, MOSCOW, NOON) == "Yesterday, November 22"


def test_midnight_is_where_the_zone_has_it(app: Flask) -> None:
    late = NOON + 10 * HOUR  # 22:00 in Moscow is the next day in Vladivostok
    with app.app_context(), force_locale("ru"):
        assert filters.day(late, MOSCOW, late) == "Сегодня, 23 ноября"
        assert filters.day(NOON, "Asia/Vladivostok", late) == "Вчера, 23 ноября"


@pytest.mark.usefixtures("russian")
def test_a_number_never_breaks_over_two_lines() -> None:
    assert " " not in filters.phone("+79101234567")
    assert filters.phone("+79101234567").replace("\N{NO-BREAK SPACE}", " ") == "+7 910 123-45-67"
    assert filters.phone("") == "Номер скрыт"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Иванова Дария", "ИД"),
        ("Кот", "К"),
        ("", "•"),
        (None, "•"),
        ("«Рога» ООО", "РО"),
        ("123", "•"),
    ],
)
def test_a_sign_takes_two_letters_of_a_name(name: str | None, letters: str) -> None:
    assert filters.initials(name) == letters


def test_a_running_timer_carries_its_beginning() -> None:
    assert str(filters.attribute(NOON)) == f'data-since="{NOON}"'
    assert str(filters.attribute(None)) == ""
    assert filters.elapsed(NOON, NOON + 7_400) == 7
    assert filters.elapsed(NOON, NOON - 1) == 0

"""The log: pages by key, counts, the export's batches, and addresses that mean nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.extensions import db
from app.services.call_log import keys, totals
from app.services.call_log.export import BATCH, cell, lines
from app.services.call_log.filters import BadFilter, Filters, parse
from app.services.call_log.rows import rows
from app.services.call_log.sources import Key
from app.services.clock import now
from tests.calls_made import DAY, MINUTE, Calls
from tests.services.log_reading import MOSCOW, callids, filters


@pytest.fixture
def calls(any_app: Flask) -> Calls:
    return Calls(any_app)


def everything(asked: Filters, size: int) -> list[str]:
    """Page after page to the end, and back again."""
    with db.engine.connect() as conn:
        page = keys.page(conn, asked, size=size)
        assert page.newer is None
        down = [page.keys]
        while page.older is not None:
            page = keys.page(conn, asked, before=page.older, size=size)
            down.append(page.keys)
        up = [page.keys]
        while page.newer is not None:
            page = keys.page(conn, asked, after=page.newer, size=size)
            up.append(page.keys)
        seen = [row.callid for row in rows(conn, [key for keys_ in down for key in keys_])]
        assert len(set(seen)) == len(seen)
        assert sorted(key for part in up for key in part) == sorted(key for part in down for key in part)
        return seen


@pytest.mark.parametrize(
    "typed", [{}, {"direction": "in"}, {"user": "ivan"}, {"q": "900000"}, {"q": "01"}, {"recorded": "no"}]
)
def test_pages_by_key_show_every_call_once_both_ways(calls: Calls, typed: dict[str, str]) -> None:
    same_second = [calls.made("ivan", ago=DAY) for _ in range(5)]
    apart = [calls.made("ivan", ago=days * DAY) for days in (0.01, 2, 9, 25)]
    assert len(everything(filters(**typed), 2)) == len(same_second) + len(apart)


def test_a_call_that_comes_in_while_paging_moves_nothing(calls: Calls) -> None:
    for minutes in (2, 3, 4):
        calls.made(callid=f"m{minutes}", ago=minutes * MINUTE)
    asked = filters()
    with db.engine.connect() as conn:
        older = keys.page(conn, asked, size=1).older
    calls.made(callid="fresh", ago=MINUTE)
    with db.engine.connect() as conn:
        assert [row.callid for row in rows(conn, keys.page(conn, asked, before=older, size=5).keys)] == [
            "m3",
            "m4",
        ]


def test_many_calls_are_counted_from_the_rollups(calls: Calls) -> None:
    for hours in range(6):
        calls.made(ago=MINUTE + hours * 60 * MINUTE, type="in" if hours % 2 else "out")
    with db.engine.connect() as conn:
        assert totals.count(conn, filters(), MOSCOW, bound=100) == totals.Totals(6)
        assert totals.count(conn, filters(), MOSCOW, bound=2) == totals.Totals(6)
        assert totals.count(conn, filters(direction="in"), MOSCOW, bound=2) == totals.Totals(3)
        assert totals.count(conn, filters(user="ivan"), MOSCOW, bound=2) == totals.Totals(2, at_least=True)


def test_the_export_reads_the_whole_range_in_batches(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.call_log.export.BATCH", 2)
    assert BATCH > 2
    for minutes in range(5):
        calls.made(callid=f"m{minutes}", ago=(minutes + 1) * MINUTE)
    assert [line[0] for line in lines(db.engine, filters())] == ["m0", "m1", "m2", "m3", "m4"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("+7900", "+7900"),
        ("+79000000001", "+79000000001"),
        ("+", "'+"),
        ("+cmd", "'+cmd"),
        ("+7900=1", "'+7900=1"),
        ("+٣", "'+٣"),
        ("Лиса", "Лиса"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, written: str) -> None:
    assert cell(text) == written


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"from": "yesterday"}, "bad_date"),
        ({"from": "9999-12-31"}, "bad_date"),
        ({"to": "0001-01-01"}, "bad_date"),
        ({"from": "2026-02-30"}, "bad_date"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "bad_order"),
        ({"direction": "up"}, "bad_direction"),
        ({"outcome": "lost"}, "bad_outcome"),
        ({"recorded": "maybe"}, "bad_recorded"),
    ],
)
def test_a_filter_that_means_nothing_is_told(typed: dict[str, str], code: str) -> None:
    with pytest.raises(BadFilter) as told:
        parse(typed, MOSCOW, now())
    assert told.value.code == code


@given(st.dictionaries(st.sampled_from(["from", "to", "q", "user", "via", "recorded", "outcome"]), st.text()))
def test_parsing_filters_raises_nothing_else(typed: dict[str, Any]) -> None:
    with suppress(BadFilter):
        parse(typed, MOSCOW, now())


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "a.b", "1.2.3", "-1.2", "٣.1", "9" * 30 + ".1"])
def test_a_key_that_is_none_is_no_key(text: str) -> None:
    assert Key.parse(text) is None


def test_a_key_reads_what_it_writes() -> None:
    assert Key.parse(str(Key(17, 4))) == Key(17, 4)


@pytest.mark.parametrize(
    "text", ["\x00", "%", "_", "'", "\\", "🦊🦊🦊", "x" * 500, "NEAR(a b)", '""""', "- - -"]
)
def test_any_text_may_be_searched_for(calls: Calls, text: str) -> None:
    calls.made()
    assert callids(q=text) == [] or text == "\x00"


def test_the_log_reads_mixes_beyond_the_first_slice(calls: Calls) -> None:
    calls.made(callid="rare", ago=900 * DAY, status="NotAllowed", type="out", duration="0", diversion="")
    for _ in range(3):
        calls.made(ago=MINUTE)
    assert callids(outcome="forbidden", from_="2020-01-01") == ["rare"]

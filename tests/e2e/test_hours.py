"""The wallboard's day by hours follows the calls that end."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.e2e.company import KOSCHEI
from tests.e2e.house import House

DRAWN = (
    "() => [...document.querySelectorAll('ol.hours b')].reduce((sum, b) => sum + Number(b.textContent), 0)"
)
WITHIN_S = 20  # the hours are counted again at most every ten


def test_calls_that_end_grow_the_column_of_their_hour(house: House) -> None:
    board = house.open(KOSCHEI, "/wallboard")
    before = int(board.evaluate(DRAWN))
    house.history("hours-1", "vasilisa")
    house.history("hours-2", "vasilisa")
    # Calls of earlier tests may still settle meanwhile: what is drawn must come to what is counted.
    for _ in range(WITHIN_S * 10):
        drawn, counted = int(board.evaluate(DRAWN)), _counted(house)
        if drawn == counted >= before + 2:
            break
        board.wait_for_timeout(100)
    assert drawn == counted >= before + 2


def _counted(house: House) -> int:
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    found = house.rows(f"SELECT SUM(calls) FROM call_hour WHERE hour LIKE '{today}T%'")[0][0]
    return int(found or 0)

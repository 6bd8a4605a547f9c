"""The columns of the day: stacked, and all on one scale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.live.chart import HEIGHT, columns
from app.services.wallboard import Hour

CALLS = st.integers(0, 5_000)
HOURS = st.lists(
    st.builds(Hour, hour=st.integers(0, 23), answered=CALLS, missed=CALLS, other=CALLS, week_ago=CALLS)
)


@given(HOURS)
def test_a_column_is_a_stack_within_the_drawing(hours: list[Hour]) -> None:
    for column in columns(hours):
        top = min((part.y for part in column.parts), default=HEIGHT)
        assert top >= -0.01
        assert abs(sum(part.height for part in column.parts) - (HEIGHT - top)) < 0.05
        assert column.mark is None or 0 <= column.mark < HEIGHT


def test_missed_calls_lie_on_top_and_nothing_is_drawn_for_none() -> None:
    (column,) = columns([Hour(9, answered=6, missed=2, other=0, week_ago=0)])
    assert [part.tone for part in column.parts] == ["talk", "miss"]
    assert (column.parts[0].height, column.parts[1].y) == (75.0, 0.0)
    assert column.mark is None


def test_both_weeks_share_a_scale() -> None:
    (column,) = columns([Hour(9, answered=5, missed=0, other=0, week_ago=10)])
    assert (column.parts[0].y, column.mark) == (50.0, 0.0)


def test_the_first_call_of_a_day_does_not_fill_the_chart() -> None:
    (column,) = columns([Hour(9, answered=1, missed=0, other=0, week_ago=0)])
    assert column.parts[0].height == 25.0

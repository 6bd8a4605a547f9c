"""The film of a call: bars stand where the legs' times say."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.film import film

T = 1_700_000_000_000


@dataclass
class Leg:
    rang_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None


def test_a_talk_follows_its_ringing_without_a_gap() -> None:
    drawn = film([Leg(T, T + 10_000, T + 60_000)], T + 99_000)
    assert drawn is not None
    ring, talk = drawn.strips[0].bars
    assert (ring.tone, ring.seconds, talk.tone, talk.seconds) == ("ring", 10, "talk", 50)
    assert ring.x == 0
    assert abs(ring.x + ring.width - talk.x) < 0.02
    assert drawn.strips[0].end <= 100


def test_a_running_leg_is_drawn_up_to_now() -> None:
    drawn = film([Leg(T, T + 10_000, None)], T + 30_000)
    assert drawn is not None
    assert drawn.strips[0].bars[1].seconds == 20


def test_legs_of_one_call_share_the_axis() -> None:
    drawn = film([Leg(T, None, T + 14_000), Leg(T + 7_000, T + 14_000, T + 28_000)], T)
    assert drawn
    first, second = drawn.strips[0], drawn.strips[1]
    assert second.bars[0].x > first.bars[0].x
    assert second.y > first.y
    assert drawn.ticks[0] == (0, 0)
    assert 2 <= len(drawn.ticks) <= 9


def test_a_clock_that_ran_backwards_draws_no_negative_bar() -> None:
    drawn = film([Leg(T + 5_000, T, T + 1_000)], T)
    assert drawn is not None
    assert all(bar.width > 0 and bar.seconds >= 0 for bar in drawn.strips[0].bars)


def test_a_call_without_times_has_no_film() -> None:
    assert film([Leg()], T) is None
    assert film([], T) is None


def test_a_day_long_call_keeps_its_axis_readable() -> None:
    drawn = film([Leg(T, T + 1_000, T + 86_400_000)], T)
    assert drawn is not None
    assert len(drawn.ticks) <= 25

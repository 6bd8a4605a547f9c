"""What holds for every sequence of pushes: any order, any push twice, any push lost.

300 sequences for each property here, 50,000 in full.
"""

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.pbx.message import Message
from app.services.tracking import CallState, Push
from tests.faults.sending import FULL
from tests.services.trails import NOON, at_once, event, history, state

many = settings(
    max_examples=50_000 if FULL else 300,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

PEOPLE = tuple("abcdefgh")
# Often the same two: what goes wrong goes wrong within a leg.
LOGINS = st.sampled_from(["a"] * 6 + ["b"] * 3 + [*PEOPLE, "pbx", "g_9f1c", None])
KEYS = st.sampled_from(["A", "A", "A", "B"])
PHONES = st.sampled_from(["79000000022", "89000000022", "101", "anonymous", "", "x" * 80])
MAYBE_NUMBER = st.none() | st.integers(0, 10**9 - 1)

events = st.builds(
    event,
    st.sampled_from(["INCOMING", "OUTGOING", "ACCEPTED", "COMPLETED", "CANCELLED", "CANCELLED", "HOLD"]),
    LOGINS,
    KEYS,
    phone=PHONES,
    direction=st.sampled_from([None, None, "in", "out", "internal"]),
    diversion=st.sampled_from([None, "74950000001", "375170000000"]),
)
transfers = st.builds(event, st.just("TRANSFERRED"), LOGINS, KEYS, second_callid=st.sampled_from("ABC"))
histories = st.builds(
    history,
    st.sampled_from(["Success", "missed", "Busy", "NotFound", "strange", None]),
    LOGINS,
    MAYBE_NUMBER,
    KEYS,
    phone=PHONES,
    type=st.sampled_from(["in", "in", "out", "odd"]),
    start=st.sampled_from([None, "20260917T112637Z", "2026-09-17 14:27:00", "nonsense"]),
    wait=MAYBE_NUMBER,
    link=st.sampled_from([None, "https://records.example/1.mp3", "https://records.example/2.mp3"]),
    ext=st.sampled_from([None, "601"]),
)
ratings = st.builds(Message, st.just("rating"), KEYS, rating=st.integers(1, 5), phone=st.none() | PHONES)
anything = st.lists(events | events | events | histories | transfers | ratings, min_size=1, max_size=12)
clocks = st.lists(st.integers(-5_000, 200_000), min_size=12, max_size=12)


@st.composite
def calls(draw: st.DrawFn) -> list[Message]:
    """A believable incoming call of 1–8 legs, complete, in its natural order."""
    people = draw(st.permutations(PEOPLE))[: draw(st.integers(1, 8))]
    talker = draw(st.none() | st.sampled_from(people))
    said = [event("INCOMING", login) for login in people]
    said += [event("CANCELLED", login) for login in people if login != talker]
    if talker is not None:
        said += [event("ACCEPTED", talker), event("COMPLETED", talker)]
    if talker is not None and draw(st.booleans()):
        said.append(
            history("Success", talker, draw(st.integers(0, 5000)), link="https://records.example/1.mp3")
        )
    elif talker is None and draw(st.booleans()):
        said.append(history("missed", "pbx", 136, wait=136))
    return said


def final_row(call: CallState) -> tuple[object, ...]:
    """What must not depend on the order of arrival."""
    return call.outcome, call.login, call.started_at, call.duration_s, call.recordings


def spaced(messages: Sequence[Message], gaps: Sequence[int]) -> list[Push]:
    """Messages as they come with these gaps in milliseconds; a negative one is a clock set back."""
    pushes, at = [], NOON
    for place, (message, gap) in enumerate(zip(messages, gaps, strict=False)):
        at += gap
        pushes.append(Push(place, at, message))
    return pushes


@many
@given(anything, clocks, st.randoms(use_true_random=False))
def test_the_order_in_the_inbox_does_not_change_a_final_row(
    messages: list[Message], gaps: list[int], chance: random.Random
) -> None:
    pushes = spaced(messages, gaps)
    places = [push.id for push in pushes]
    chance.shuffle(places)
    first = state(pushes)
    second = state([push._replace(id=place) for push, place in zip(pushes, places, strict=True)])
    if first.final and second.final:
        assert final_row(first) == final_row(second)


@many
@given(anything, st.randoms(use_true_random=False))
def test_pushes_that_race_give_one_final_row_in_any_order(
    messages: list[Message], chance: random.Random
) -> None:
    shuffled = chance.sample(messages, len(messages))
    first, second = state(at_once(messages)), state(at_once(shuffled))
    if first.final and second.final:
        assert final_row(first) == final_row(second)


@many
@given(calls(), st.lists(st.integers(0, 60_000), min_size=32, max_size=32), st.randoms(use_true_random=False))
def test_a_call_ends_in_one_row_for_any_arrival_with_pushes_twice(
    messages: list[Message], gaps: list[int], chance: random.Random
) -> None:
    told = messages[-1].cmd == "history"
    doubled = messages + chance.sample(messages, chance.randint(0, len(messages)))
    chance.shuffle(doubled)
    first, second = state(at_once(messages)), state(spaced(doubled, gaps) if told else at_once(doubled))
    assert first.final and second.final
    assert (first.outcome, first.login, first.recordings) == (second.outcome, second.login, second.recordings)
    assert first.duration_s == second.duration_s


@many
@given(calls(), st.randoms(use_true_random=False))
def test_an_answered_call_is_never_missed_whatever_is_lost(
    messages: list[Message], chance: random.Random
) -> None:
    kept = chance.sample(messages, chance.randint(1, len(messages)))
    found = state(at_once(kept))
    proofs = [m for m in kept if m.type in ("ACCEPTED", "COMPLETED") or m.status == "Success"]
    assert not proofs or found.outcome in ("answered", "no_end")


@many
@given(calls(), st.randoms(use_true_random=False))
def test_what_is_left_of_a_call_is_one_row_in_any_order(
    messages: list[Message], chance: random.Random
) -> None:
    kept = chance.sample(messages, chance.randint(1, len(messages)))
    again = [*kept, *chance.sample(kept, chance.randint(0, len(kept)))]
    chance.shuffle(again)
    first, second = state(at_once(kept)), state(at_once(again))
    if first.final and second.final:
        assert final_row(first) == final_row(second)


@many
@given(anything, clocks, st.integers(0, 400_000))
def test_a_push_that_comes_twice_at_once_changes_nothing(
    messages: list[Message], gaps: list[int], later: int
) -> None:
    pushes = spaced(messages, gaps)
    now = pushes[-1].received_at + later
    once = state([push._replace(id=2 * push.id) for push in pushes], now)
    for push in pushes:
        again = push._replace(id=2 * push.id + 1)
        assert state([*(each._replace(id=2 * each.id) for each in pushes), again], now) == once


@many
@given(anything, clocks, st.integers(0, 400_000))
def test_no_trail_breaks_the_rules_at_any_step(messages: list[Message], gaps: list[int], later: int) -> None:
    pushes = spaced(messages, gaps)
    answered = False
    for count in range(1, len(pushes) + 1):
        found = state(pushes[:count], pushes[count - 1].received_at + later)
        lives = any(leg.state != "over" for leg in found.legs)
        assert not (found.outcome == "missed" and (answered or lives))
        assert not (found.final and (lives or found.due_at is not None))
        assert found.duration_s >= 0 and (found.wait_s or 0) >= 0
        assert found.duration_s == 0 or found.outcome == "answered"
        assert found.ended_at is None or found.ended_at >= (found.answered_at or found.started_at)
        assert found.login not in ("pbx", "g_9f1c")
        answered = answered or found.outcome == "answered"


@many
@given(anything, clocks)
def test_only_the_named_time_changes_a_state(messages: list[Message], gaps: list[int]) -> None:
    pushes = spaced(messages, [abs(gap) for gap in gaps])
    now = pushes[-1].received_at
    found = state(pushes, now)
    steps = 0
    while found.due_at is not None:
        assert found.due_at > now
        assert state(pushes, found.due_at - 1) == found
        now, before = found.due_at, found
        found = state(pushes, now)
        assert found != before
        steps += 1
    assert steps <= len(messages) + 1
    assert state(pushes, now + 10**9) == found

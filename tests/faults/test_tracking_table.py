"""Every row of the table of trails, each also as its row of the log ends up."""

import json
import random
import re
from itertools import permutations
from pathlib import Path

import pytest

from app.pbx.protocol import parse
from app.services.tracking import Push
from tests.services.trails import NOON, live, row, state, trail

FULL = "ext=601 telnum=79000000601 start=20260917T112637Z link=https://records.example/1.mp3"
GROUP = (
    "INCOMING a, b; +8; CANCELLED a; +2; ACCEPTED b; CANCELLED a; +96; COMPLETED b; +5; history Success b 98"
)

TABLE = f"""
a group call, answered by b:
    {GROUP}
    -> answered, b, 98
nobody answers, the switch says so:
    INCOMING a; CANCELLED a; INCOMING b; CANCELLED b; history missed pbx 136
    -> missed, -, 0
the only phone rung, no history:
    INCOMING a; CANCELLED a
    -> missed, a, 0
silence after the ring:
    INCOMING a
    -> no_end, a, 0
a history after that silence:
    INCOMING a; +200; history Success a 40
    -> answered, a, 40
a poorer replay:
    history Success a 61 {FULL}; history Success - 63
    -> answered, a, 61
the poorer one first:
    history Success - 63; history Success a 61 {FULL}
    -> answered, a, 61
no history:
    ACCEPTED a; +39; COMPLETED a
    -> answered, a, 40
a transfer:
    INCOMING a; ACCEPTED a; TRANSFERRED A>B; COMPLETED a; B: history Success c 75
    -> answered, c, 75
a transfer that is heard of late:
    B: history Success c 75; TRANSFERRED A>B
    -> answered, c, 75
a dialled client is busy:
    OUTGOING a; ACCEPTED a; history Busy a out
    -> busy, a, 0
one client, two forms:
    history Success a 41 out phone=89000000023; OUTGOING a phone=79000000023
    -> answered, a, 41
a colleague:
    INCOMING a phone=101 direction=internal; ACCEPTED a; +9; COMPLETED a
    -> answered, a, 10
"""
ROWS = re.findall(r"^(.+):\n +(.+)\n +-> (.+)$", TABLE, re.M)


@pytest.mark.parametrize(
    ("scene", "expected"), [cells[1:] for cells in ROWS], ids=[cells[0] for cells in ROWS]
)
def test_the_trail_gives_the_row(scene: str, expected: str) -> None:
    assert row(state(scene)) == expected


def test_a_group_call_is_the_same_in_any_order_with_any_push_twice() -> None:
    pushes = trail(GROUP)
    expected = state(pushes)
    chance = random.Random(7)
    for _ in range(500):
        again = [*pushes, chance.choice(pushes)]
        chance.shuffle(again)
        shuffled = [
            Push(place, slot.received_at, push.message)
            for place, (slot, push) in enumerate(zip(sorted(again), again, strict=True))
        ]
        found = state(shuffled)
        assert (row(found), found.started_at) == (row(expected), expected.started_at)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_talk_ends_with_the_first_end_after_the_pick_up_in_any_order(order: tuple[int, ...]) -> None:
    """A phone may be told to stop twice, and the later word may be stored first."""
    pushes = trail("CANCELLED a; +4; ACCEPTED a; +8; CANCELLED a; +6; CANCELLED a")
    found = state([push._replace(id=place) for push, place in zip(pushes, order, strict=True)])
    assert row(found) == "answered, a, 9"


def test_a_missed_history_carries_the_ringing_time_as_wait() -> None:
    found = state("INCOMING a; CANCELLED a; INCOMING b; CANCELLED b; history missed pbx 136")
    assert (found.wait_s, found.duration_s, found.status) == (136, 0, "missed")


def test_a_cancelled_ring_counts_as_missed_only_after_settling() -> None:
    before, after = live("INCOMING a; CANCELLED a", 2.9), live("INCOMING a; CANCELLED a", 3)
    assert (before.outcome, before.final, after.outcome, after.final) == ("ringing", False, "missed", True)
    assert before.due_at is not None and after.due_at is None


def test_a_ring_that_hears_nothing_more_rings_until_the_limit() -> None:
    assert live("INCOMING a", 119).outcome == "ringing"
    assert live("INCOMING a", 120).outcome == "no_end"
    assert not live("INCOMING a", 120).final


def test_a_poorer_replay_keeps_link_extension_and_number() -> None:
    found = state(f"history Success a 61 {FULL}; history Success - 63")
    assert [(one.login, one.link) for one in found.recordings] == [("a", "https://records.example/1.mp3")]
    assert [(leg.login, leg.ext, leg.duration_s) for leg in found.legs] == [("a", "601", 61)]


def test_both_forms_of_a_number_are_one_client() -> None:
    found = state("history Success a 41 out phone=89000000023; OUTGOING a phone=79000000023")
    assert (found.direction, found.phone.value) == ("out", "+79000000023")


def test_a_call_of_a_colleague_is_internal() -> None:
    found = state("INCOMING a phone=101 direction=internal; CANCELLED a phone=101")
    assert (found.direction, found.phone.kind, found.phone.value) == ("internal", "internal", "101")


def test_a_history_that_returns_after_a_day_adds_its_link_to_the_first_row() -> None:
    talk = "INCOMING a; ACCEPTED a; +9; COMPLETED a; "
    found = state(talk + "+90000; history Success a 10 link=https://records.example/1.mp3")
    assert (row(found), len(found.recordings)) == ("answered, a, 10", 1)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("group-answered", "answered, agent_d, 98"),
        ("outgoing", "answered, agent_d, 41"),
        ("redelivery", "answered, agent_e, 61"),
        ("edition-2021", "answered, user, 50"),
    ],
)
def test_what_real_switches_sent_gives_its_row(scenario: str, expected: str) -> None:
    lines = (Path(__file__).parents[1] / "pbx/data/pbx-samples.jsonl").read_text().splitlines()
    samples = [sample for sample in map(json.loads, lines) if sample["scenario"] == scenario]
    pushes = [
        Push(place, NOON + 1000 * sample.get("t", 0), parse(sample["form"]))
        for place, sample in enumerate(samples)
    ]
    assert row(state(pushes)) == expected

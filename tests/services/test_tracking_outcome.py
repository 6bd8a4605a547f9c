"""The rules of state and outcome, sentence by sentence."""

import pytest

from tests.services.trails import LATER, live, row, state


@pytest.mark.parametrize("kind", ["ACCEPTED", "COMPLETED"])
def test_any_pick_up_of_an_incoming_call_proves_the_answer(kind: str) -> None:
    assert state(f"INCOMING a, b; {kind} b; CANCELLED a, b; history Missed pbx 30").outcome == "answered"


def test_the_words_of_a_history_count_in_any_case() -> None:
    assert [state(f"history {word} a").outcome for word in ("SUCCESS", "mISSED")] == ["answered", "missed"]


@pytest.mark.parametrize("word", ["Busy", "NotAvailable", "Cancel", "Missed"])
def test_an_incoming_call_that_nobody_answered_is_missed_with_the_word_kept(word: str) -> None:
    found = state(f"INCOMING a; CANCELLED a; history {word} a 0")
    assert (found.outcome, found.status) == ("missed", word)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Success", "answered"),
        ("Busy", "busy"),
        ("NotAvailable", "unavailable"),
        ("NotAllowed", "forbidden"),
        ("NotFound", "not_found"),
        ("Cancel", "cancelled"),
        ("Missed", "other"),
        ("Strange", "other"),
        ("-", "other"),
    ],
)
def test_the_history_of_an_outgoing_call_decides(word: str, outcome: str) -> None:
    assert state(f"OUTGOING a; ACCEPTED a; COMPLETED a; history {word} a 5 out").outcome == outcome


@pytest.mark.parametrize(
    ("word", "outcome"), [("NotAllowed", "forbidden"), ("NotFound", "not_found"), ("Strange", "other")]
)
def test_the_other_words_of_an_incoming_history_stand(word: str, outcome: str) -> None:
    assert state(f"INCOMING a; CANCELLED a; history {word} a").outcome == outcome


def test_a_lifted_phone_on_a_dialled_call_is_no_answer_yet() -> None:
    scene = "OUTGOING a; ACCEPTED a; COMPLETED a"
    assert [live(scene).outcome, state(scene).outcome] == ["talking", "other"]
    assert state("OUTGOING a; CANCELLED a").outcome == "cancelled"


def test_an_accepted_push_that_comes_after_the_end_still_proves_the_answer() -> None:
    found = state("INCOMING a; CANCELLED a; ACCEPTED a")
    assert (found.outcome, found.legs[0].state) == ("answered", "over")


def test_a_call_goes_on_ringing_while_one_phone_does() -> None:
    found = live("INCOMING a, b; CANCELLED a", 60)
    assert (found.outcome, [leg.state for leg in found.legs]) == ("ringing", ["over", "ringing"])


def test_a_sequential_group_pauses_between_two_phones_without_being_missed() -> None:
    assert live("INCOMING a; CANCELLED a", 2).outcome == "ringing"
    assert live("INCOMING a; CANCELLED a; +4; INCOMING b").outcome == "ringing"


def test_who_picks_up_stops_the_other_phones() -> None:
    found = live("INCOMING a, b; ACCEPTED b")
    assert (found.outcome, found.login) == ("talking", "b")
    assert [(leg.login, leg.state, leg.result) for leg in found.legs] == [
        ("a", "over", "cancelled"),
        ("b", "talking", None),
    ]


def test_a_transfer_within_the_call_rings_the_next_phone_after_the_first_talk() -> None:
    scene = "INCOMING a; ACCEPTED a; +20; INCOMING b; COMPLETED a"
    assert (live(scene).outcome, live(scene).legs[1].state) == ("ringing", "ringing")
    assert row(live(f"{scene}; ACCEPTED b")) == "talking, b, 0"
    assert row(state(f"{scene}; ACCEPTED b; +28; COMPLETED b")) == "answered, b, 51"


def test_a_pick_up_known_only_by_its_end_does_not_stop_the_ring_of_a_transfer() -> None:
    found = live("INCOMING a; ACCEPTED a; INCOMING c; COMPLETED b")
    assert [(leg.login, leg.state) for leg in found.legs if leg.login == "c"] == [("c", "ringing")]


def test_a_talk_that_hears_nothing_more_ends_as_no_end_and_a_late_push_repairs_it() -> None:
    talking = "INCOMING a; ACCEPTED a"
    assert [live(talking, 14399).outcome, live(talking, 14400).outcome] == ["talking", "no_end"]
    assert row(state(f"{talking}; +19999; COMPLETED a")) == "answered, a, 20000"


def test_one_phone_without_an_end_makes_the_call_no_end_and_not_missed() -> None:
    found = state("INCOMING a, b; CANCELLED a")
    assert (found.outcome, found.final) == ("no_end", False)
    assert [leg.result for leg in found.legs] == ["cancelled", "no_end"]


def test_a_history_closes_every_leg() -> None:
    found = live("INCOMING a, b; history missed pbx 20")
    assert (found.outcome, found.final, found.due_at) == ("missed", True, None)
    assert [(leg.state, leg.result) for leg in found.legs] == [("over", "missed")] * 2


def test_events_of_unknown_types_move_no_leg() -> None:
    assert live("INCOMING a; HOLD a, b", 1).legs == live("INCOMING a", 2).legs
    assert (state("HOLD a").outcome, state("rating rating=4").outcome) == ("other", "other")


def test_a_stray_status_on_an_event_says_nothing() -> None:
    assert state("INCOMING a status=Success; CANCELLED a").outcome == "missed"


def test_an_event_that_names_nobody_rings_without_a_leg() -> None:
    found = live("INCOMING -")
    assert (found.outcome, found.login, found.legs) == ("ringing", None, ())
    assert state("INCOMING -; CANCELLED -").outcome == "missed"


class TestTheReRing:
    def test_a_new_ring_two_seconds_after_the_end_of_the_first(self) -> None:
        assert live("INCOMING a; CANCELLED a; +1; INCOMING a").legs[0].state == "ringing"

    def test_a_repeat_within_two_seconds_rings_nothing(self) -> None:
        assert live("INCOMING a; CANCELLED a; +0.9; INCOMING a").legs[0].state == "over"

    def test_a_late_first_ring_rings_nothing(self) -> None:
        assert live("CANCELLED a; +9; INCOMING a").legs[0].state == "over"

    def test_a_repeat_of_a_late_first_ring_rings_nothing(self) -> None:
        assert live("CANCELLED a; +9; INCOMING a; INCOMING a").legs[0].state == "over"

    def test_a_ring_after_a_first_one_that_raced_its_end_is_new(self) -> None:
        assert live("CANCELLED a; -0.5; INCOMING a; +9; INCOMING a").legs[0].state == "ringing"

    def test_a_repeat_while_it_talks_rings_nothing(self) -> None:
        scene = "INCOMING a; CANCELLED a; +5; INCOMING a; ACCEPTED a; +5; INCOMING a"
        assert live(scene).legs[0].state == "talking"

    def test_a_repeated_cancel_does_not_put_the_new_ring_off(self) -> None:
        assert live("INCOMING a; CANCELLED a; CANCELLED a; INCOMING a").legs[0].state == "ringing"

    def test_the_second_ring_ends_and_both_rings_are_waited_for(self) -> None:
        found = state("INCOMING a; +9; CANCELLED a; +4; INCOMING a; +14; CANCELLED a", LATER)
        assert (row(found), found.legs[0].wait_s, found.wait_s) == ("missed, a, 0", 25, 30)


class TestTheTime:
    def test_says_when_it_may_next_change_the_state(self) -> None:
        found = live("INCOMING a, b; CANCELLED b")
        assert found.due_at == found.started_at + 120_000
        found = live("INCOMING a; CANCELLED a")
        assert found.due_at == found.started_at + 1000 + 3000
        found = live("INCOMING a; ACCEPTED a")
        assert found.due_at == found.started_at + 1000 + 14_400_000

    def test_changes_nothing_before_it_is_due_and_something_then(self) -> None:
        for scene in ("INCOMING a", "INCOMING a; CANCELLED a", "INCOMING a; ACCEPTED a", "OUTGOING a"):
            found = live(scene)
            assert found.due_at is not None
            assert state(scene, found.due_at - 1) == found
            assert state(scene, found.due_at) != found

    def test_an_answered_call_settles_too(self) -> None:
        scene = "INCOMING a; ACCEPTED a; COMPLETED a"
        assert (live(scene).outcome, live(scene).final, state(scene).final) == ("answered", False, True)

    def test_a_clock_set_back_gives_no_negative_duration(self) -> None:
        found = state("INCOMING a; ACCEPTED a; -3600; COMPLETED a")
        assert (row(found), found.wait_s) == ("answered, a, 0", 1)
        assert found.answered_at is not None and found.ended_at is not None
        assert found.started_at <= found.answered_at <= found.ended_at

    @pytest.mark.parametrize(("scene", "outcome"), [("INCOMING a", "no_end"), ("CANCELLED a", "missed")])
    def test_a_clock_set_back_by_an_hour_does_not_hold_a_call_for_an_hour(
        self, scene: str, outcome: str
    ) -> None:
        assert live(scene, -3600).outcome == outcome

    def test_a_reading_of_the_clock_just_before_the_receipt_ends_nothing(self) -> None:
        assert live("INCOMING a", -1).outcome == "ringing"

"""The fields of the row, sentence by sentence, and which pushes belong to one call."""

from datetime import UTC, datetime

import pytest

from app.pbx.numbers import Number
from app.services.tracking import EmptyTrail, Push, joins, new_generation, project
from tests.services.trails import CLIENT, LATER, LIMITS, NOON, event, history, live, row, state, trail

DAY = 24 * 3600 * 1000


def epoch(*clock: int) -> int:
    """An instant of UTC in epoch milliseconds."""
    return int(datetime(*clock, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type, misc]


class TestDirection:
    @pytest.mark.parametrize(
        ("scene", "expected"),
        [
            ("INCOMING a direction=in; history Success a 5 out", "out"),
            ("OUTGOING a direction=internal", "internal"),
            ("OUTGOING a", "out"),
            ("ACCEPTED a", "in"),
            ("INCOMING a", "in"),
            ("history Success a 5 type=strange", "in"),
            ("history Success a 5 phone=0101", "internal"),
            ("OUTGOING a; TRANSFERRED A>B; B: INCOMING b direction=in; B: history Success b 5", "out"),
        ],
    )
    def test_follows_history_then_direction_then_type(self, scene: str, expected: str) -> None:
        assert state(scene).direction == expected

    def test_a_dialled_colleague_counts_by_history_as_any_dialled_call(self) -> None:
        found = state("OUTGOING a direction=internal phone=102; ACCEPTED a phone=102; COMPLETED a phone=102")
        assert (found.direction, found.outcome) == ("internal", "other")


class TestStart:
    def test_is_that_of_the_history(self) -> None:
        found = state("INCOMING a; history Success a 5 start=20260917T112637Z")
        assert found.started_at == epoch(2026, 9, 17, 11, 26, 37)

    def test_without_a_zone_is_in_the_company_s(self) -> None:
        found = state([Push(1, NOON, history(start="2026-10-03 16:00:00"))])
        assert found.started_at == epoch(2026, 10, 3, 13)

    def test_without_history_is_the_first_receipt(self) -> None:
        assert state("INCOMING a; ACCEPTED a; history Success a 600 start=nonsense").started_at == NOON

    def test_of_a_history_alone_is_its_receipt_less_the_talk(self) -> None:
        assert state("history Success a 60").started_at == NOON - 60_000
        assert state("history missed pbx 136").started_at == NOON - 136_000


class TestDuration:
    def test_of_several_logins_is_their_sum(self) -> None:
        found = state("history Success a 40; +10; history Success b 30")
        assert (row(found), [leg.duration_s for leg in found.legs]) == ("answered, b, 70", [40, 30])

    def test_a_missed_leg_of_somebody_else_adds_nothing(self) -> None:
        assert row(state("history Missed a 20; history Success b 30")) == "answered, b, 30"

    def test_of_one_login_is_that_of_the_richest_history(self) -> None:
        assert row(state("history Success a 63; history Success a 61 ext=601")) == "answered, a, 61"
        assert row(state("history Success a 61; history Success a 63")) == "answered, a, 63"

    def test_is_not_blanked_by_a_richer_history_without_one(self) -> None:
        scene = "history Success a ext=601 telnum=79000000601; history Success a 63"
        assert row(state(scene)) == "answered, a, 63"

    def test_of_a_success_without_one_comes_from_the_events(self) -> None:
        assert row(state("ACCEPTED a; +29; COMPLETED a; history Success a")) == "answered, a, 30"

    def test_the_switch_s_ringing_time_never_passes_for_talk(self) -> None:
        assert row(state("INCOMING a; ACCEPTED a; COMPLETED a; history missed pbx 136")) == "answered, a, 1"
        assert row(state("history Success a 61; history missed pbx 136")) == "answered, a, 61"

    def test_a_history_without_a_word_counts_when_somebody_picked_up(self) -> None:
        assert row(state("INCOMING a; ACCEPTED a; COMPLETED a; history - a 50")) == "answered, a, 50"


class TestWait:
    def test_is_that_of_the_history(self) -> None:
        assert state("INCOMING a; +8; ACCEPTED a; COMPLETED a; history Success a 5 wait=7").wait_s == 7

    def test_else_is_the_ringing_of_the_legs(self) -> None:
        assert state("INCOMING a; +8; ACCEPTED a; COMPLETED a").wait_s == 9
        assert state("INCOMING a; +8; CANCELLED a; INCOMING b; +8; CANCELLED b").wait_s == 19

    def test_else_is_unknown(self) -> None:
        assert state("history Success a 5").wait_s is None
        assert state("INCOMING a").wait_s is None


class TestWho:
    def test_of_an_answered_call_talked(self) -> None:
        assert state("INCOMING a, b; ACCEPTED b; COMPLETED b; history Success - 5").login == "b"
        assert state("INCOMING a; ACCEPTED g_1; COMPLETED g_1; history Success pbx 5").login == "a"

    def test_is_the_last_to_talk_after_a_transfer(self) -> None:
        scene = "INCOMING z; ACCEPTED z; +9; INCOMING a; COMPLETED z; ACCEPTED a; +9; COMPLETED a"
        assert state(scene).login == "a"
        both = "history Success z 5 start=20260917T112637Z; history Success a 5 start=20260917T112737Z"
        assert state(both).login == "a"

    def test_talks_now_while_the_call_goes_on(self) -> None:
        assert live("INCOMING a; ACCEPTED a; INCOMING b; ACCEPTED b; COMPLETED b").login == "a"

    def test_of_a_dialled_call_dialled(self) -> None:
        assert state("OUTGOING a; INCOMING b; ACCEPTED b; history Busy - out").login == "a"
        assert state("history Busy a out").login == "a"
        assert live("OUTGOING a; ACCEPTED a").login == "a"

    def test_of_a_missed_call_is_the_only_person_rung(self) -> None:
        assert state("INCOMING a; CANCELLED a; history missed pbx 20").login == "a"
        assert state("history Cancel a 0").login == "a"
        assert state("INCOMING a, b; CANCELLED a, b").login is None

    @pytest.mark.parametrize("nobody", ["pbx", "g_9f1c", "-"])
    def test_is_never_the_switch_nor_a_group(self, nobody: str) -> None:
        for scene in (f"history Success {nobody} 5", f"INCOMING {nobody}; ACCEPTED {nobody}"):
            found = state(scene)
            assert (found.login, found.legs) == (None, ())


class TestPhone:
    def test_keeps_the_raw_text(self) -> None:
        found = state("INCOMING a phone=89000000022 diversion=74950000001")
        assert (found.phone.value, found.phone_raw) == ("+79000000022", "89000000022")
        assert found.via is not None
        assert (found.via.value, found.via_raw) == ("+74950000001", "74950000001")

    def test_is_read_in_the_country_of_our_number(self) -> None:
        assert state("INCOMING a phone=291234567 diversion=375170000000").phone.value == "+375291234567"

    @pytest.mark.parametrize("raw", ["", "anonymous", "private"])
    def test_is_withheld_when_no_push_shows_it(self, raw: str) -> None:
        assert state(f"INCOMING a phone={raw}").phone == Number("withheld", "")
        assert state(f"INCOMING a phone={raw}; CANCELLED a").phone.value == "+79000000022"

    def test_is_the_client_s_and_not_the_colleague_s_after_a_transfer(self) -> None:
        found = state(
            "INCOMING a; TRANSFERRED A>B; B: INCOMING b phone=101; B: history Success b 5 phone=101"
        )
        assert (found.direction, found.phone.value) == ("in", "+79000000022")


class TestAttachments:
    def test_a_rating_attaches_from_its_own_push_or_the_history(self) -> None:
        assert state("history Success a 5; rating rating=4").rating == 4
        assert state("history Success a 5 rating=5").rating == 5
        assert state("rating rating=3; history Success a 5 rating=5; rating rating=3").rating == 5

    def test_the_missed_status_is_the_newest(self) -> None:
        scene = "history Missed a 0 missed_status=3; history Missed a 0 missed_status=1; history Missed a 0"
        assert state(scene).missed_status == "1"

    def test_each_login_s_history_brings_its_recording(self) -> None:
        one, two = "https://records.example/1.mp3", "https://records.example/2.mp3"
        found = state(f"history Success b 5 link={two}; history Success a 5 link={one}; history Success a 5")
        assert [(each.login, each.link) for each in found.recordings] == [("a", one), ("b", two)]

    def test_the_flags_of_all_pushes_are_kept(self) -> None:
        pushes = [Push(1, NOON, event("INCOMING", None, flags=("no_user",))), Push(2, NOON, history())]
        assert state(pushes).flags == ("no_user",)


class TestWhatBelongsTogether:
    def test_a_transfer_joins_the_second_key(self) -> None:
        assert joins(event("TRANSFERRED", "a", "A", second_callid="B")) == "B"

    def test_nothing_else_joins(self) -> None:
        assert joins(event("TRANSFERRED", "a", "A")) is None
        assert joins(event("TRANSFERRED", "a", "A", second_callid="A")) is None
        assert joins(event("INCOMING", "a", "A", second_callid="B")) is None

    def test_a_chain_of_transfers_ends_with_the_last_talker(self) -> None:
        chain = "B: history Success z 5; C: history Success a 5; TRANSFERRED B>C; TRANSFERRED A>B"
        assert row(state(chain)) == "answered, a, 10"

    def test_a_ring_of_transfers_is_endured(self) -> None:
        assert state("TRANSFERRED A>B; TRANSFERRED B>A; B: history Success a 5").outcome == "answered"

    def test_a_new_generation_needs_a_day_of_silence_and_another_phone(self) -> None:
        first, other = Number("e164", f"+{CLIENT}"), Number("e164", "+79000000033")
        assert new_generation(NOON, first, NOON + DAY + 1, other)
        assert not new_generation(NOON, first, NOON + DAY, other)
        assert not new_generation(NOON, first, NOON + 2 * DAY, first)
        assert not new_generation(NOON, first, NOON + 2 * DAY, None)

    def test_the_inbox_orders_the_trail(self) -> None:
        pushes = trail("INCOMING a; ACCEPTED a; COMPLETED a; INCOMING b; CANCELLED b")
        assert project(pushes[::-1], LATER, LIMITS) == project(pushes, LATER, LIMITS)

    def test_contact_says_nothing(self) -> None:
        pushes = trail("INCOMING a; CANCELLED a")
        asked = Push(0, NOON - 5000, trail("contact phone=79000000033")[0].message)
        assert state([asked, *pushes]) == state(pushes)

    @pytest.mark.parametrize("scene", ["", "contact phone=79000000033"])
    def test_an_empty_trail_is_no_call(self, scene: str) -> None:
        with pytest.raises(EmptyTrail):
            state(scene)

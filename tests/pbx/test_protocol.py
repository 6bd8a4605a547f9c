"""When a push is refused, and what is merely noted about it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pbx.message import Invalid, Message, is_person
from app.pbx.protocol import INVALID_PARAMETERS, INVALID_TOKEN, KNOWN_FIELDS, contact_answer, parse

EVENT = {"cmd": "event", "type": "INCOMING", "callid": "A-1", "phone": "79000000022", "user": "ivan"}
HISTORY = {
    "cmd": "history",
    "type": "in",
    "callid": "A-1",
    "phone": "79000000022",
    "user": "ivan",
    "status": "Success",
    "duration": "12",
}


def without(form: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in form.items() if key != name}


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (without(EVENT, "cmd"), "no_cmd"),
        (EVENT | {"cmd": ""}, "no_cmd"),
        (EVENT | {"cmd": "sms"}, "unknown_cmd"),
        (without(EVENT, "callid"), "no_callid"),
        (EVENT | {"callid": " "}, "no_callid"),
        (without(EVENT, "phone"), "no_phone"),
        (without(EVENT, "type"), "no_type"),
        (without(HISTORY, "type"), "no_type"),
        ({"cmd": "contact", "callid": "A-1"}, "no_phone"),
    ],
)
def test_a_push_is_refused_for_what_the_rules_name(form, reason):
    with pytest.raises(Invalid) as refused:
        parse(form)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("form", "flags"),
    [
        (EVENT, ()),
        (HISTORY, ()),
        ({"cmd": "contact", "callid": "A-1", "phone": ""}, ()),
        ({"cmd": "rating", "callid": "A-1", "rating": "5"}, ()),
        ({"cmd": "rating", "callid": "A-1"}, ("no_rating",)),
        (EVENT | {"phone": ""}, ()),
        (without(EVENT, "user"), ("no_user",)),
        (EVENT | {"user": "@tenant"}, ("no_user",)),
        (EVENT | {"type": "HELD"}, ("unknown_type",)),
        (EVENT | {"type": ""}, ("unknown_type",)),
        (EVENT | {"direction": "up"}, ("unknown_direction",)),
        (EVENT | {"status": "odd"}, ()),
        (without(HISTORY, "user"), ("no_user",)),
        (without(HISTORY, "status"), ("no_status",)),
        (without(HISTORY, "duration"), ("no_duration",)),
        (HISTORY | {"status": "Melted"}, ("unknown_status",)),
        (HISTORY | {"type": "sideways"}, ("unknown_type",)),
        (HISTORY | {"wait": "soon"}, ("bad_wait",)),
        (HISTORY | {"rating": "*****"}, ("bad_rating",)),
    ],
)
def test_everything_else_is_accepted_with_a_flag(form, flags):
    assert parse(form).flags == flags


@pytest.mark.parametrize(
    "text", ["-5", "1_000", " 12", "12\n", "1e3", "12.5", "٣٤", "１２", "9" * 10, "9" * 5000, "0x10", "+7"]
)
def test_only_ascii_digits_are_a_duration(text):
    message = parse(HISTORY | {"duration": text})
    assert (message.duration, message.flags) == (None, ("bad_duration",))


def test_the_case_of_words_does_not_matter_but_a_status_stays_as_it_came():
    event = parse(EVENT | {"cmd": "Event", "type": "incoming", "direction": "IN"})
    assert (event.cmd, event.type, event.direction) == ("event", "INCOMING", "in")
    history = parse(HISTORY | {"type": "IN", "status": "missed"})
    assert (history.type, history.status, history.flags) == ("in", "missed", ())


def test_a_login_loses_its_tenant():
    assert parse(EVENT | {"user": "ivan@tenant.example"}).user == "ivan"


def test_the_raw_phone_keeps_the_space_that_was_a_plus():
    assert parse(EVENT | {"phone": " 79000000025"}).phone == " 79000000025"


def test_the_real_name_of_a_group_comes_before_its_id():
    assert parse(EVENT | {"group": "g1", "groupRealName": "Отдел"}).group == "Отдел"
    assert parse(EVENT | {"group": "g1"}).group == "g1"


def test_later_fields_have_their_place():
    message = parse(
        EVENT | {"type": "TRANSFERRED", "second_callid": "B-2", "missedStatus": "2", "z-flag": "0"}
    )
    assert (message.second_callid, message.missed_status, message.extra) == ("B-2", "2", {"z-flag": "0"})


def test_overlong_callids_stay_apart():
    one, other = (parse(EVENT | {"callid": "x" * 5000 + end}) for end in "ab")
    assert one.callid != other.callid
    assert len(one.callid) < 200
    assert one.flags == ("long_id",)


def test_a_link_too_long_to_be_kept_whole_is_no_link():
    message = parse(HISTORY | {"link": "https://records.example/" + "x" * 5000})
    assert (message.link, message.flags) == (None, ("long_link",))


@pytest.mark.parametrize("login", ["pbx", "g_00000000-0000-4000-8000-000000000001", "", None])
def test_the_switch_and_groups_are_no_persons(login):
    assert not is_person(login)
    assert is_person("ivan")


@pytest.mark.parametrize(
    ("name", "responsible", "answer"),
    [
        ("Кот Учёный", "ivan", {"contact_name": "Кот Учёный", "responsible": "ivan"}),
        ("Кот Учёный", None, {"contact_name": "Кот Учёный"}),
        (None, "ivan", {"responsible": "ivan"}),
        ("", "", {}),
        (None, None, {}),
    ],
)
def test_contact_is_answered_with_what_is_known(name, responsible, answer):
    assert contact_answer(name, responsible) == answer


def test_errors_are_answered_in_the_words_of_the_specification():
    assert INVALID_PARAMETERS == {"error": "Invalid parameters"}
    assert INVALID_TOKEN == {"error": "Invalid token"}


names = st.one_of(st.sampled_from(sorted(KNOWN_FIELDS)), st.text(max_size=8))
values = st.one_of(st.text(), st.sampled_from(["event", "history", "rating", "in", "INCOMING", "12", "@"]))


@given(st.dictionaries(names, values), st.booleans())
def test_no_fields_raise_anything_but_invalid(fields: dict[str, Any], complete: bool):
    try:
        message = parse(EVENT | fields if complete else fields)
    except Invalid as refused:
        assert refused.reason in {"no_cmd", "unknown_cmd", "no_callid", "no_phone", "no_type"}
    else:
        assert isinstance(message, Message)
        assert message.callid

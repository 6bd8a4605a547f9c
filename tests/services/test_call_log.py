"""The log: what each filter finds, and how the person is named; on both databases."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.extensions import db
from app.services.call_log import keys, totals
from app.services.call_log.filters import parse, resolve
from app.services.call_log.people import people
from app.services.call_log.rows import rows
from app.services.clock import now
from tests.calls_made import DAY, MINUTE, OURS, Calls
from tests.personas import new_user
from tests.services.log_reading import MOSCOW, callids, filters, found

OTHER = "+74950000002"


@pytest.fixture
def calls(any_app: Flask) -> Calls:
    return Calls(any_app)


def test_the_newest_call_stands_first(calls: Calls) -> None:
    calls.made(callid="old", ago=5 * MINUTE)
    calls.made(callid="new", ago=MINUTE)
    calls.made(callid="between", ago=3 * MINUTE)
    assert callids() == ["new", "between", "old"]


def test_without_dates_the_last_thirty_days_are_shown(calls: Calls) -> None:
    calls.made(callid="month", ago=29 * DAY)
    calls.made(callid="older", ago=32 * DAY)
    assert callids() == ["month"]
    assert callids(from_="2020-01-01") == ["month", "older"]


def test_dates_are_whole_days_of_the_viewer(calls: Calls) -> None:
    calls.made(callid="moscow-night", start="20260930T210000Z")  # 1 October, 00:00 in Moscow
    calls.made(callid="last-second", start="20261001T205959Z")
    calls.made(callid="next-day", start="20261001T210000Z")
    assert callids(from_="2026-10-01", to="2026-10-01") == ["last-second", "moscow-night"]
    with db.engine.connect() as conn:
        utc = resolve(conn, parse({"from": "2026-10-01", "to": "2026-10-01"}, ZoneInfo("UTC"), now()))
        seen = [row.callid for row in rows(conn, keys.page(conn, utc).keys)]
    assert seen == ["next-day", "last-second"]


@pytest.fixture
def mixed(calls: Calls) -> Calls:
    """One call of each kind, the newest last."""
    calls.made("ivan", callid="in", ago=9 * MINUTE, link="https://records.example/a.mp3")
    calls.missed("petr", callid="missed", ago=8 * MINUTE)
    calls.made("petr", callid="out", ago=7 * MINUTE, type="out", diversion="", phone="79000000002")
    calls.made("petr", callid="busy", ago=6 * MINUTE, type="out", status="Busy", duration="0", diversion="")
    calls.made("ivan", callid="other-number", ago=5 * MINUTE, diversion=OTHER.removeprefix("+"))
    return calls


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"direction": "out"}, ["busy", "out"]),
        ({"direction": "internal"}, []),
        ({"outcome": "missed"}, ["missed"]),
        ({"outcome": "answered"}, ["other-number", "out", "in"]),
        ({"outcome": "answered", "direction": "in"}, ["other-number", "in"]),
        ({"recorded": "yes"}, ["in"]),
        ({"recorded": "no"}, ["other-number", "busy", "out", "missed"]),
        ({"via": OURS}, ["missed", "in"]),
        ({"via": OURS.removeprefix("+")}, ["missed", "in"]),
        ({"via": " 74950000001"}, ["missed", "in"]),
        ({"via": "8 (495) 000-00-02"}, ["other-number"]),
        ({"via": "+74990000000"}, []),
        ({"user": "petr"}, ["busy", "out", "missed"]),
        ({"user": "petr@tenant.example"}, ["busy", "out", "missed"]),
        ({"user": "petr", "outcome": "busy"}, ["busy"]),
        ({"user": "petr", "via": OURS}, ["missed"]),
        ({"user": "nobody"}, []),
        ({"q": "0002"}, ["out"]),
        ({"q": "0002", "user": "petr"}, ["out"]),
        ({"q": "0002", "user": "ivan"}, []),
        ({"q": "0002", "direction": "in"}, []),
        ({"q": "02"}, ["out"]),
        ({"q": "02", "outcome": "missed"}, []),
        ({"q": "8 900 000-00-02"}, ["out"]),
        ({"q": "+7 900 000-00-02"}, ["out"]),
        ({"q": "никого"}, []),
        ({"q": '"quote'}, []),
        ({"q": "100%_"}, []),
    ],
)
def test_filters_in_any_mix(mixed: Calls, typed: dict[str, str], expected: list[str]) -> None:
    assert callids(**typed) == expected


def test_a_contact_is_found_by_any_part_of_name_or_company(mixed: Calls) -> None:
    mixed.contact("+79000000002", "Алёна Лисичкина", "Теремок & Ко")
    assert callids(q="лисич") == ["out"]
    assert callids(q="ТЕРЕМОК") == ["out"]
    assert callids(q="Ал") == ["out"]
    assert [(row.name, row.company) for row in found(q="теремок")] == [("Алёна Лисичкина", "Теремок & Ко")]


def test_any_leg_counts_for_the_person(calls: Calls) -> None:
    for login in ("ivan", "petr"):
        calls.push(cmd="event", type="INCOMING", callid="group", user=login, phone="79000000001")
    calls.push(cmd="event", type="CANCELLED", callid="group", user="ivan", phone="79000000001")
    calls.made("petr", callid="group")
    assert callids(user="ivan") == ["group"]
    assert callids(user="petr") == ["group"]
    assert [row.login for row in found(user="ivan")] == ["petr"]


def test_an_agent_finds_only_calls_with_a_leg_of_theirs(mixed: Calls) -> None:
    ivan = (mixed.map("ivan", None),)
    assert callids(ivan) == ["other-number", "in"]
    assert callids(ivan, outcome="missed") == []
    assert callids(ivan, user="petr") == []
    assert callids((), q="9000") == []


def test_a_colleague_in_ones_own_call_can_be_asked_for(calls: Calls) -> None:
    calls.made("ivan", callid="alone", ago=2 * MINUTE)
    for login in ("ivan", "petr"):
        calls.push(cmd="event", type="INCOMING", callid="both", user=login, phone="79000000001")
    assert callids((calls.map("ivan", None),), user="petr") == ["both"]


def test_two_accounts_of_one_person_give_each_call_once(calls: Calls) -> None:
    for login in ("ivan", "ivan2"):
        calls.push(cmd="event", type="INCOMING", callid="both", user=login, phone="79000000001")
    own = (calls.map("ivan", None), calls.map("ivan2", None))
    assert callids(own) == ["both"]
    with db.engine.connect() as conn:
        assert totals.count(conn, filters(own), MOSCOW).calls == 1


def test_unmapped_calls_are_kept_under_the_default_user(any_app: Flask, calls: Calls) -> None:
    boss = new_user(any_app, "supervisor", name="Василиса")
    calls.map("vasilisa", boss.id)
    calls.made("stray", callid="stray")
    assert [row.person for row in found()] == ["stray"]
    assert callids(user="vasilisa") == []
    calls.switch(keep_unmapped=True, default_user=boss.id)
    assert [(row.person, row.login) for row in found()] == [("Василиса", "stray")]
    assert callids(user="vasilisa") == ["stray"]
    assert callids(user="stray") == ["stray"]


def test_a_default_user_without_a_login_can_be_asked_for(any_app: Flask, calls: Calls) -> None:
    boss = new_user(any_app, "supervisor", name="Василиса")
    calls.made("stray", callid="stray")
    calls.switch(keep_unmapped=True, default_user=boss.id)
    with db.engine.connect() as conn:
        value = next(person.value for person in people(conn) if person.name == "Василиса")
    assert callids(user=value) == ["stray"]
    assert callids(user="@") == []


def test_the_person_is_named_as_well_as_is_known(any_app: Flask, calls: Calls) -> None:
    calls.made("ivan", callid="c")
    assert [row.person for row in found()] == ["ivan"]
    user = new_user(any_app, "agent", name="Иван Царевич")
    calls.map("ivan", user.id)
    assert [row.person for row in found()] == ["Иван Царевич"]
    with db.engine.connect() as conn:
        assert [(person.value, person.name) for person in people(conn)] == [("ivan", "Иван Царевич")]

"""The sample company's day: believable, and the same for the same seed."""

import threading
from collections import Counter, defaultdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.pbx.company import CLIENTS, DIDS, PEOPLE, STRANGERS
from app.pbx.numbers import normalise
from app.pbx.protocol import parse
from app.pbx.times import parse_start
from app.pbx.traffic import Dice, backlog, live_traffic

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = int(datetime(2026, 9, 17, 15, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def past():
    return backlog(7, NOW, seed=5, zone=MOSCOW, record_base="http://127.0.0.1:8090")


def test_the_company_is_whole():
    logins = {person.name for person in PEOPLE}
    assert len(logins) == 12
    assert [person.ext for person in PEOPLE] == [str(ext) for ext in range(101, 113)]
    assert {login for did in DIDS for login in did.logins} == logins
    assert {client.responsible for client in CLIENTS} <= logins | {None}
    phones = [client.phone for client in CLIENTS] + list(STRANGERS) + [did.number for did in DIDS]
    assert len(phones) == len(set(phones))
    assert all(normalise(phone).value.startswith("+7900000") for phone in phones)


def test_the_same_seed_makes_the_same_days(past):
    assert backlog(7, NOW, seed=5, zone=MOSCOW, record_base="http://127.0.0.1:8090") == past
    assert backlog(7, NOW, seed=6, zone=MOSCOW) != past


def test_every_past_push_is_a_flawless_message_in_the_order_of_receipt(past):
    assert [push.at for push in past] == sorted(push.at for push in past)
    assert all(NOW - 8 * DAY_MS < push.at < NOW for push in past)
    for push in past:
        message = parse(push.form)
        assert message.flags == ()
        if message.cmd == "history":
            assert parse_start(message.start, MOSCOW) <= push.at


def test_every_past_call_has_ended(past):
    by_call = defaultdict(list)
    for push in past:
        by_call[push.form["callid"].removesuffix("T")].append(push.form)
    assert len(by_call) > 300
    assert all(forms[-1]["cmd"] == "history" for forms in by_call.values())


def test_a_week_holds_every_kind_of_call(past):
    histories = [push.form for push in past if push.form["cmd"] == "history"]
    statuses = Counter((form["type"], form["status"]) for form in histories)
    wanted = [
        ("in", "Success"),
        ("in", "missed"),
        ("out", "Success"),
        ("out", "Busy"),
        ("out", "NotAvailable"),
    ]
    assert all(statuses[one] > 5 for one in wanted)
    assert any(form["phone"] == "anonymous" for form in histories)
    assert any(push.form.get("type") == "TRANSFERRED" for push in past)
    assert {form["user"] for form in histories} == {person.name for person in PEOPLE} | {"pbx"}


def test_calls_come_in_working_hours_and_few_on_days_off(past):
    starts = [push for push in past if push.form["cmd"] == "history"]
    moments = [
        datetime.fromtimestamp(parse_start(push.form["start"], MOSCOW) / 1000, MOSCOW) for push in starts
    ]
    assert {moment.hour for moment in moments} <= set(range(9, 19))
    days = Counter(moment.weekday() for moment in moments)
    assert days[5] + days[6] < days[1]


def test_nobody_takes_part_in_two_calls_at_once():
    dice, taken = Dice(3, (60,)), {}
    for second in range(0, 2000, 3):
        plan = dice.plan(second)
        if plan is None:
            continue
        assert all(taken.get(login, 0) <= second for login in plan.people)
        taken |= dict.fromkeys(plan.people, second + plan.ring_s + plan.talk_s)


def test_live_traffic_rings_until_it_has_had_enough(pbx, crm):
    pbx.calls.speed = 1000
    assert live_traffic(pbx, threading.Event(), seed=2, until=25) == 25
    assert pbx.settle(30)
    callids = {form["callid"].removesuffix("T") for form in crm.heard}
    assert len(callids) == 25
    assert {form["cmd"] for form in crm.heard} == {"contact", "event", "history"}
    for form in crm.heard:
        assert parse({name: value for name, value in form.items() if name != "crm_token"}).flags == ()


def test_live_traffic_stops_when_told(pbx):
    stop = threading.Event()
    stop.set()
    assert live_traffic(pbx, stop) == 0

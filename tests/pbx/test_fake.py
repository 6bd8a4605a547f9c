"""The built-in PBX, talked to over its port by our own client."""

import io
import wave

import pytest
import requests

from app.pbx.client import PbxClient
from app.pbx.company import PEOPLE
from app.pbx.protocol import parse
from app.pbx.replies import DialAnswer, PbxError, Reply

PHONE, DID = "79000000213", "79000000001"


@pytest.fixture
def client(pbx):
    return PbxClient(pbx.url, pbx.token, allow_private=True)


def test_it_lists_its_users(client):
    assert client.accounts() == list(PEOPLE)


def test_it_refuses_a_wrong_key(pbx):
    with pytest.raises(PbxError) as failed:
        PbxClient(pbx.url, "wrong", allow_private=True).accounts()
    assert failed.value.code == "bad_token"


def test_it_refuses_what_it_does_not_know(pbx, client):
    form = {"cmd": "makeCall", "token": pbx.token, "user": "ivan", "phone": "+79000000213"}
    assert requests.post(pbx.url, data=form, timeout=10).json() == {"error": "Invalid parameters"}
    assert client.make_call("nobody", PHONE) == DialAnswer("refused", reason="bad_parameters")
    assert client.send("sms").status == 400


def test_a_dialled_call_rings_and_comes_back_as_pushes(pbx, client, crm):
    answer = client.make_call("ivan", PHONE)
    assert (answer.kind, pbx.settle(20)) == ("accepted", True)
    assert crm.about(answer.call_ref) == [
        ("event", "OUTGOING", "ivan"),
        ("event", "ACCEPTED", "ivan"),
        ("event", "COMPLETED", "ivan"),
        ("history", "out", "ivan"),
    ]
    assert {form["crm_token"] for form in crm.heard} == {"crm-key-0001"}
    assert {form["direction"] for form in crm.heard if form["cmd"] == "event"} == {"out"}
    assert [sent.status for sent in pbx.pushes_sent] == [200] * 4


def test_a_dialled_number_can_be_busy(pbx, client, crm):
    pbx.dial_status = "Busy"
    client.make_call("ivan", PHONE)
    assert pbx.settle(20)
    assert (crm.heard[-1]["status"], crm.heard[-1]["duration"]) == ("Busy", "0")


def test_an_incoming_call_asks_who_it_is_then_rings_and_is_answered_by_one(pbx, crm):
    callid = pbx.ring(PHONE, DID, ["ivan", "maria"], answered_by="maria", talk_s=98)
    assert pbx.settle(20)
    assert crm.about(callid) == [
        ("contact", "", ""),
        ("event", "INCOMING", "ivan"),
        ("event", "INCOMING", "maria"),
        ("event", "CANCELLED", "ivan"),
        ("event", "ACCEPTED", "maria"),
        ("event", "COMPLETED", "maria"),
        ("history", "in", "maria"),
    ]
    history = parse(crm.heard[-1])
    assert (history.duration, history.wait, history.diversion, history.ext) == (98, 6, DID, "104")
    assert history.flags == ()


def test_an_incoming_call_that_nobody_answers_is_missed_by_the_switch(pbx, crm):
    callid = pbx.ring(PHONE, DID, ["ivan"])
    assert pbx.settle(20)
    assert crm.about(callid)[-2:] == [("event", "CANCELLED", "ivan"), ("history", "in", "pbx")]
    assert crm.heard[-1]["status"] == "missed"


def test_with_routing_on_only_the_responsible_rings(pbx, crm):
    crm.contacts[PHONE] = {"contact_name": "Кот Учёный", "responsible": "ilya"}
    pbx.route = True
    callid = pbx.ring(PHONE, DID, ["ivan", "maria"], answered_by="maria")
    assert pbx.settle(20)
    assert {user for _, _, user in crm.about(callid)} == {"", "ilya"}


def test_an_answer_can_be_prepared_once(pbx, client):
    pbx.prepare("makeCall", Reply(502, "text/html", b"502 Gateway Timeout"), delay_s=0.01)
    assert client.make_call("ivan", PHONE) == DialAnswer("unknown", reason="gateway")
    assert client.make_call("ivan", PHONE).kind == "accepted"
    assert [form["cmd"] for form in pbx.commands_heard] == ["makeCall", "makeCall"]


def test_its_history_tells_the_calls_that_ended(pbx, client):
    pbx.ring(PHONE, DID, ["ivan"], answered_by="ivan", talk_s=31)
    pbx.settle(20)
    pbx.ring(PHONE, DID, ["ivan"])
    pbx.settle(20)
    answered, missed = client.history()
    assert (answered.type, answered.account, answered.via, answered.duration) == ("in", "ivan", DID, 31)
    assert (missed.type, missed.account, missed.duration, missed.wait) == ("missed", "pbx", 0, 6)
    assert client.history(limit=1) == [answered]
    assert client.history(start_at=4_000_000_000_000) == []


def test_a_recording_is_real_audio_as_long_as_the_talk(pbx, crm):
    pbx.ring(PHONE, DID, ["ivan"], answered_by="ivan", talk_s=7)
    assert pbx.settle(20)
    response = requests.get(crm.heard[-1]["link"], timeout=10)
    assert response.headers["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (8000, 1, 2)
        assert audio.getnframes() == 7 * 8000
        assert any(audio.readframes(8000))


@pytest.mark.parametrize(
    ("asked", "status", "where"),
    [
        ("bytes=0-99", 206, "bytes 0-99/320044"),
        ("bytes=320000-", 206, "bytes 320000-320043/320044"),
        ("bytes=-10", 206, "bytes 320034-320043/320044"),
        ("bytes=0-999999", 206, "bytes 0-320043/320044"),
        ("bytes=400000-", 416, "bytes */320044"),
        ("pages=1", 200, None),
    ],
)
def test_a_recording_comes_in_parts_too(pbx, asked, status, where):
    url = pbx.base_url + "/record/demo/2026-09-17/A/x.wav"
    response = requests.get(url, headers={"Range": asked}, timeout=10)
    assert (response.status_code, response.headers.get("Content-Range")) == (status, where)
    whole = requests.get(url, timeout=10).content
    if status == 206:
        first, last = (int(part) for part in where[6:].partition("/")[0].split("-"))
        assert response.content == whole[first : last + 1]


def test_a_recording_can_be_late(pbx):
    pbx.prepare("record", Reply(404, "text/plain", b"not yet"))
    url = pbx.base_url + "/record/x.wav"
    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [404, 200]
    assert requests.head(url, timeout=10).headers["Content-Length"] == "320044"


def test_other_ways_in_are_closed(pbx):
    assert requests.get(pbx.url, timeout=10).status_code == 405
    assert requests.post(pbx.base_url + "/other", timeout=10).status_code == 404
    assert requests.post(pbx.url, data="x" * 70_000, timeout=10).status_code == 400


def test_stopping_breaks_calls_off(pbx, crm):
    pbx.calls.speed = 1
    pbx.ring(PHONE, DID, ["ivan"], answered_by="ivan", talk_s=3600)
    pbx.stop()
    assert pbx.settle(0)
    assert "history" not in {form["cmd"] for form in crm.heard}

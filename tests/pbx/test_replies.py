"""Every collected reply of real PBXs, and what it means."""

import json

import pytest

from app.pbx.replies import (
    CODES,
    Account,
    DialAnswer,
    PbxError,
    Reply,
    error_of,
    failed_dial,
    read_accounts,
    read_dial,
    read_history,
)
from tests.pbx.samples import REPLIES


def collected(cmd: str) -> list[Reply]:
    return [
        Reply(line["status"], line["content_type"], line["body"].encode())
        for line in REPLIES
        if line["cmd"] == cmd
    ]


def page(status: int = 200) -> Reply:
    return Reply(status, "text/html", b"<h1>Welcome</h1>")


def test_every_collected_reply_is_an_answer_or_a_named_error():
    wanted = {200: None, 301: "wrong_address", 400: "bad_parameters", 401: "bad_token", 502: "gateway"}
    for line in REPLIES:
        reply = Reply(line["status"], line["content_type"], line["body"].encode())
        assert error_of(reply) == wanted[line["status"]]


def test_accounts_are_read_with_and_without_later_fields():
    plain, later, wrong_key, redirect = collected("accounts")
    assert read_accounts(plain) == [Account("andy", "Петров Андрей"), Account("mike", "Семенов Михаил")]
    assert read_accounts(later) == [
        Account("andy", "Петров Андрей", "701", "79000000701", "andy@example.ru"),
        Account("mike", "Семенов Михаил", "702", "79000000702", None),
    ]
    for reply, code in ((wrong_key, "bad_token"), (redirect, "wrong_address")):
        with pytest.raises(PbxError) as failed:
            read_accounts(reply)
        assert failed.value.code == code


def test_an_account_may_carry_its_tenant_or_a_number_for_ext_and_one_without_a_name_is_left_out():
    reply = Reply(200, "application/json", b'[{"name": "ivan@t", "ext": 102}, {"realName": "x"}, "y"]')
    assert read_accounts(reply) == [Account("ivan", ext="102")]


@pytest.mark.parametrize(
    "body", [b"{}", b"", b"null", b"<html>", b'{"accounts": []}', b"[" * 100_000, b"\xff"]
)
def test_accounts_that_are_no_list_are_a_failure(body):
    with pytest.raises(PbxError) as failed:
        read_accounts(Reply(200, "application/json", body))
    assert failed.value.code == "not_json"


def test_every_collected_reply_to_make_call_is_understood():
    assert [read_dial(reply) for reply in collected("makeCall")] == [
        DialAnswer("accepted", "28187487-edcf-4d23-9f95-c8591fbd9936"),
        DialAnswer("accepted"),
        DialAnswer("accepted"),
        DialAnswer("accepted", "KQA900BSHK000044"),
        DialAnswer("refused", reason="bad_parameters"),
        DialAnswer("unknown", reason="gateway"),
        DialAnswer("unknown", reason="not_json"),
    ]


@pytest.mark.parametrize(
    ("body", "ref"),
    [
        (b'{"callid": 43294397431000000000000001}', "43294397431000000000000001"),
        (b'{"CallID": "KQA1"}', "KQA1"),
        (b'"KQA900"', "KQA900"),
        (b"43294397431", "43294397431"),
        (b" \r\n", None),
    ],
)
def test_a_call_reference_may_come_in_many_shapes(body, ref):
    assert read_dial(Reply(200, "text/plain", body)) == DialAnswer("accepted", ref)


@pytest.mark.parametrize(
    "reply",
    [page(), page(502), Reply(200, "text/plain", b"please wait a bit"), Reply(200, "", b"[]"), page(429)],
)
def test_an_answer_that_proves_nothing_leaves_the_dial_unknown(reply):
    assert read_dial(reply).kind == "unknown"


def test_an_error_under_status_200_is_an_error():
    body = json.dumps({"error": "Invalid token"}).encode()
    assert read_dial(Reply(200, "application/json", body)) == DialAnswer("refused", reason="bad_token")


def test_history_is_read_row_by_row():
    (reply,) = collected("history")
    first, second = read_history(reply)
    assert (first.type, first.phone, first.account, first.wait, first.duration) == (
        "in",
        "79101234567",
        "andy",
        12,
        61,
    )
    assert first.record == "https://records.example/a.mp3"
    assert (second.type, second.wait, second.duration, second.record) == ("missed", 136, 0, None)


def test_a_tenth_column_is_the_rating():
    row = b"u1,out,79000000022,ivan,,2026-09-29T16:14:08Z,x,5,,4\r\n"
    (found,) = read_history(Reply(200, "text/csv", row))
    assert (found.rating, found.wait, found.via) == (4, None, None)


@pytest.mark.parametrize("reply", [page(), Reply(200, "text/csv", b"sorry\r\n")])
def test_history_that_is_no_history_is_a_failure(reply):
    with pytest.raises(PbxError) as failed:
        read_history(reply)
    assert failed.value.code == "not_json"


def test_no_calls_are_an_empty_history():
    assert read_history(Reply(200, "text/csv", b"")) == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_only_a_request_that_may_have_got_through_is_of_unknown_outcome(code):
    unsure = code in {"no_answer", "gateway", "not_json"}
    assert failed_dial(code).kind == ("unknown" if unsure else "refused")

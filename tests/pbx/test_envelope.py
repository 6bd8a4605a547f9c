"""Bodies of every kind: nothing raises, nothing of the key stays."""

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pbx.message import Invalid
from app.pbx.protocol import open_envelope, parse
from tests.pbx.samples import FORM, JSON, KEY

EVENT = {"cmd": "event", "type": "INCOMING", "phone": "79000000022", "user": "ivan", "callid": "A-1"}


def opened(body, content_type=FORM):
    return open_envelope(body, content_type)


def test_windows_1251_is_read_and_flagged():
    body = urlencode(EVENT).encode() + b"&groupRealName=" + "Отдел продаж".encode("cp1251")
    envelope = opened(body)
    assert envelope.fields["groupRealName"] == "Отдел продаж"
    assert envelope.flags == ("cp1251",)


def test_percent_encoded_windows_1251_does_not_spoil_its_neighbours():
    body = urlencode(EVENT | {"telnum_name": "Алёша"}) + "&groupRealName=" + quote("Отдел", encoding="cp1251")
    fields = opened(body.encode()).fields
    assert (fields["groupRealName"], fields["telnum_name"]) == ("Отдел", "Алёша")


def test_json_in_windows_1251_is_read_too():
    body = json.dumps(EVENT | {"group": "Отдел"}, ensure_ascii=False).encode("cp1251")
    assert opened(body, JSON).fields["group"] == "Отдел"


def test_one_undecodable_byte_costs_no_other_field():
    envelope = opened(urlencode(EVENT).encode() + b"&ext=%FF&crm_token=" + KEY.encode())
    assert envelope.token == KEY
    assert parse(envelope.fields).callid == "A-1"


def test_nul_is_dropped_and_flagged():
    envelope = opened(urlencode(EVENT | {"user": "iv\0an"}).encode())
    assert (envelope.fields["user"], envelope.flags) == ("ivan", ("nul",))


def test_a_lone_surrogate_becomes_text_that_can_be_stored():
    envelope = opened(json.dumps(EVENT | {"user": "iv\ud800an"}).encode(), JSON)
    assert envelope.fields["user"].encode() == b"iv?an"
    assert envelope.flags == ("surrogate",)


@pytest.mark.parametrize("body", [b"ext=&ext=101&ext=102", b'{"ext": "", "ext": 101, "ext": "102"}'])
def test_of_doubled_fields_the_first_that_says_something_wins(body):
    envelope = opened(body, "")
    assert envelope.fields == {"ext": "101"}
    assert envelope.flags == ("doubled",)


def test_ten_thousand_fields_are_cut_to_two_hundred_but_the_key_is_found():
    many = "&".join(f"f{number}=1" for number in range(10_000))
    envelope = opened(f"{many}&crm_token={KEY}".encode())
    assert len(envelope.fields) == 200
    assert envelope.flags == ("truncated",)
    assert envelope.token == KEY
    assert KEY.encode() not in envelope.redacted


def test_json_is_read_under_a_wrong_content_type():
    envelope = opened(json.dumps(EVENT).encode(), FORM)
    assert (envelope.fields, envelope.flags) == (EVENT, ("wrong_content_type",))


def test_a_form_is_read_under_a_wrong_content_type():
    envelope = opened(urlencode(EVENT).encode(), JSON)
    assert (envelope.fields, envelope.flags) == (EVENT, ("wrong_content_type",))


def test_json_numbers_keep_their_spelling():
    body = b'{"callid": 43294397431000000000000000001, "duration": 12, "ext": 0701, "rating": null}'
    assert opened(body.replace(b"0701", b"701"), JSON).fields == {
        "callid": "43294397431000000000000000001",
        "duration": "12",
        "ext": "701",
        "rating": "",
    }


def test_nested_json_is_kept_as_text():
    assert opened(b'{"user": {"login": "ivan"}, "tags": [1, true]}', JSON).fields == {
        "user": '{"login": "ivan"}',
        "tags": '["1", true]',
    }


@pytest.mark.parametrize("body", [b"[" * 65536, b'{"a":' * 10000, b"[]", b"null", b"", b"&&=&", b"{", b"%"])
@pytest.mark.parametrize("content_type", [FORM, JSON, "", "text/plain", "multipart/form-data"])
def test_nonsense_opens_to_something_that_is_refused(body, content_type):
    with pytest.raises(Invalid):
        parse(opened(body, content_type).fields)


def test_a_form_keeps_its_bytes_but_for_the_key():
    body = b"cmd=event&phone=+7&crm%5Ftoken=" + quote(KEY).encode() + b"&x=%ff&&token=other"
    assert opened(body).redacted == b"cmd=event&phone=+7&crm%5Ftoken=&x=%ff&&token="


def test_json_keeps_its_bytes_but_for_the_key():
    body = b'{ "cmd":"event",  "crm_token" : "a \\"b\\" c", "callid": 5 }'
    envelope = opened(body, JSON)
    assert envelope.token == 'a "b" c'
    assert envelope.redacted == b'{ "cmd":"event",  "crm_token" : "", "callid": 5 }'


def _everywhere(key):
    inner = json.dumps(EVENT | {"crm_token": key})
    percented = "".join(f"%{byte:02x}" for byte in key.encode())
    escaped = inner.replace("crm_token", "crm\\u005ftoken").replace(key, "\\u0054" + key[1:])
    link = "https://records.example/?crm_token=" + key
    return {
        "form": (urlencode(EVENT | {"crm_token": key}), FORM),
        "percented": (urlencode(EVENT) + "&crm_token=" + percented, FORM),
        "json": (inner, JSON),
        "json number": (inner.replace(f'"{key}"', "1234567890"), JSON),
        "json escaped": (escaped, JSON),
        "payload": ("payload=" + quote_plus(inner), FORM),
        "payload escaped": ("payload=" + quote_plus(escaped), FORM),
        "doubled": (urlencode(EVENT) + f"&crm_token={key}&crm_token={key}&token={key}", FORM),
        "in a link": (urlencode(EVENT | {"crm_token": key, "link": link}), FORM),
        "twice encoded": (urlencode(EVENT | {"crm_token": key, "link": quote(link)}), FORM),
        "deep in json": (json.dumps({"crm_token": key, "a": [{"token": key}], "b": {key: key}}), JSON),
        "broken json": (inner[:-1], JSON),
        "broken json in a form": (inner[:-1], FORM),
        "broken payload": ("payload=" + quote_plus(inner[:-1]), FORM),
        "broken and percented": (quote(inner[:-1]), FORM),
        "not anything": (f"<crm_token={key}>", "text/html"),
    }


@pytest.mark.parametrize("where", _everywhere(KEY))
def test_the_key_is_cut_from_wherever_it_stands(where):
    body, content_type = _everywhere(KEY)[where]
    envelope = opened(body.encode(), content_type)
    kept = envelope.redacted + json.dumps(envelope.fields).encode() if envelope.token else envelope.redacted
    for secret in (KEY, "1234567890", KEY[1:], "".join(f"%{byte:02x}" for byte in KEY.encode())):
        assert secret.encode() not in kept
    assert opened(envelope.redacted, content_type).token is None


@pytest.mark.parametrize("where", _everywhere(KEY))
def test_the_stored_body_reads_as_the_same_message(where):
    body, content_type = _everywhere(KEY)[where]
    envelope = opened(body.encode(), content_type)
    assert _outcome(opened(envelope.redacted, content_type)) == _outcome(envelope)


def _outcome(envelope):
    try:
        return parse(envelope.fields)
    except Invalid as refused:
        return refused.reason


content_types = st.sampled_from([FORM, JSON, "", "text/plain; charset=windows-1251"])
names = st.sampled_from(
    ["cmd", "type", "callid", "phone", "user", "duration", "payload", "crm_token", "token", "link", "é", "\0"]
)
values = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["event", "history", "INCOMING", "in", KEY, "secret-key-0001", "{}"]),
)
forms = st.lists(st.tuples(names, values), max_size=12)


@given(st.binary(max_size=300), content_types)
@example(b"crm_token=secret-key-0001&{", FORM)
def test_no_bytes_raise_anything_but_invalid(body, content_type):
    envelope = opened(body, content_type)
    stored = opened(envelope.redacted, content_type)
    assert stored.token is None
    assert _outcome(stored) == _outcome(envelope)


@given(forms, content_types, st.sampled_from(["form", "json", "payload"]), st.integers(0, 400))
def test_a_mutated_push_stays_readable_and_keyless(pairs, content_type, shape, cut):
    pairs = [(name, value.encode("utf-8", "replace").decode()) for name, value in pairs]
    inner = json.dumps(dict(pairs), ensure_ascii=False)
    bodies = {"form": urlencode(pairs), "json": inner, "payload": urlencode({"payload": inner})}
    body = bodies[shape].encode()[: cut or None]
    envelope = opened(body, content_type)
    stored = opened(envelope.redacted, content_type)
    assert stored.token is None
    if "cmd" in envelope.fields:
        assert _outcome(stored) == _outcome(envelope)
    if envelope.token and len(envelope.token) >= 8:
        assert envelope.token.encode() not in envelope.redacted

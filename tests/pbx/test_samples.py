"""Every collected push, in every shape in which it may arrive."""

import pytest

from app.pbx.message import Invalid, bare_login
from app.pbx.protocol import open_envelope, parse
from tests.pbx.samples import FORM, JSON, PUSHES, as_form, as_json, as_payload

SHAPES = [(as_form, FORM), (as_json, JSON), (as_payload, FORM)]
NAMES = ["form", "json", "payload"]
REFUSED = {"sms": "unknown_cmd", "history": "no_callid"}


def _id(push):
    return f"{push['scenario']}-{push['form']['cmd']}-{push['form'].get('type', '')}"


@pytest.mark.parametrize(("write", "content_type"), SHAPES, ids=NAMES)
@pytest.mark.parametrize("push", PUSHES, ids=_id)
def test_a_collected_push_is_opened(push, write, content_type):
    form = push["form"]
    envelope = open_envelope(write(form), content_type)
    assert envelope.fields == {name: value for name, value in form.items() if name != "crm_token"}
    assert envelope.token == form["crm_token"]
    assert envelope.flags == ()
    assert form["crm_token"].encode() not in envelope.redacted


@pytest.mark.parametrize(("write", "content_type"), SHAPES, ids=NAMES)
@pytest.mark.parametrize("push", PUSHES, ids=_id)
def test_what_is_stored_reads_as_what_came(push, write, content_type):
    envelope = open_envelope(write(push["form"]), content_type)
    again = open_envelope(envelope.redacted, content_type)
    assert again.fields == envelope.fields
    assert again.token is None
    assert again.redacted == envelope.redacted


@pytest.mark.parametrize("push", PUSHES, ids=_id)
def test_a_collected_push_is_understood(push):
    form = push["form"]
    if push.get("expect", "").startswith("400"):
        with pytest.raises(Invalid, match=REFUSED[form["cmd"]]):
            parse(form)
        return
    message = parse(form)
    assert (message.cmd, message.callid, message.phone) == (form["cmd"], form["callid"], form["phone"])
    assert message.user == bare_login(form.get("user"))
    assert message.type == form.get("type")
    assert message.status == form.get("status")
    assert message.duration == (int(form["duration"]) if "duration" in form else None)
    assert message.link == form.get("link")
    assert message.ext == form.get("ext")
    assert message.group == form.get("groupRealName")
    assert set(message.flags) <= {"no_user"}


def test_a_field_nobody_knows_is_kept():
    form = next(push["form"] for push in PUSHES if "z-flag" in push["form"])
    assert parse(form).extra["z-flag"] == "0"


def test_a_poorer_replay_is_flagged_not_refused():
    assert parse(PUSHES[-4]["form"]).user == "agent_e"
    assert parse(PUSHES[-3]["form"]).flags == ("no_user",)

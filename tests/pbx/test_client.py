"""The client against real sockets: what it sends, where it stops, and what it never says."""

import os
import socket
import ssl
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from app.pbx.client import PbxClient, api_url
from app.pbx.guard import is_public
from app.pbx.replies import Account, DialAnswer, PbxError
from tests.pbx.certificate import make_certificate
from tests.pbx.line import HEAD, LIST, behaving, drip, request_of, reset, say, silence

SECRET = "very-secret-key-0001"


def client_of(port, *, scheme="http", total=20.0, host="127.0.0.1", allow_private=True):
    return PbxClient(f"{scheme}://{host}:{port}", SECRET, allow_private=allow_private, total=total)


def code_of(client):
    with pytest.raises(PbxError) as failed:
        client.accounts()
    return failed.value.code


def whole(body, head=HEAD):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_a_command_is_one_post_with_the_key_in_its_body():
    with behaving(say(whole(LIST))) as line:
        assert client_of(line.port).accounts() == [Account("ivan")]
    (request,) = line.heard
    head, body = request.split(b"\r\n\r\n")
    assert head.startswith(b"POST /sys/crm_api.wcgp HTTP/1.1\r\n")
    assert body == b"cmd=accounts&token=very-secret-key-0001"
    assert SECRET.encode() not in head


def test_a_dial_sends_digits_only():
    with behaving(say(whole(b""))) as line:
        answer = client_of(line.port).make_call("ivan@tenant", "+7 900 000-00-22")
    assert answer == DialAnswer("accepted")
    assert b"cmd=makeCall&user=ivan&phone=79000000022&" in line.heard[0]


def test_a_number_that_cannot_be_dialled_is_refused_without_a_word():
    with behaving(say(whole(b""))) as line:
        assert client_of(line.port).make_call("ivan", "anonymous") == DialAnswer(
            "refused", reason="bad_number"
        )
    assert line.heard == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_wrong_address_and_takes_the_key_nowhere(status):
    with behaving(say(whole(LIST))) as elsewhere:
        location = b"Location: http://127.0.0.1:%d/\r\n" % elsewhere.port
        head = b"HTTP/1.1 %d Moved\r\n" % status + location
        with behaving(say(whole(b"", head))) as line:
            assert code_of(client_of(line.port)) == "wrong_address"
    assert elsewhere.heard == []


SLOW = {
    "head": HEAD + b"Content-Length: 18\r\n\r\n" + LIST,
    "endless body": HEAD + b"\r\n" + LIST * 10,
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n[\r\n" * 40,
}


@pytest.mark.parametrize("data", SLOW.values(), ids=SLOW)
def test_a_byte_at_a_time_does_not_hold_the_client(data):
    with behaving(drip(data)) as line:
        assert code_of(client_of(line.port, total=1)) == "no_answer"


def test_a_slow_body_does_not_hold_the_client_either():
    def behaviour(sock, stop):
        sock.sendall(HEAD + b"Content-Length: 400\r\n\r\n")
        drip(b" " * 400)(sock, stop)

    with behaving(behaviour) as line:
        assert client_of(line.port, total=1).make_call("ivan", "101") == DialAnswer(
            "unknown", reason="no_answer"
        )


@pytest.mark.parametrize("behaviour", [silence, reset, say(b""), say(b"HTTP/1.1 2"), say(b"\0\1\2\r\n\r\n")])
def test_a_request_that_was_sent_but_not_answered_is_of_unknown_outcome_and_sent_once(behaviour):
    with behaving(behaviour) as line:
        answer = client_of(line.port, total=1).make_call("ivan", "101")
    assert answer == DialAnswer("unknown", reason="no_answer")
    assert len(line.heard) == 1


def test_where_nobody_listens_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert client_of(port).make_call("ivan", "101") == DialAnswer("refused", reason="unreachable")
    assert code_of(PbxClient("https://pult.invalid", SECRET)) == "unreachable"
    assert code_of(PbxClient("https://" + "x" * 70 + ".invalid", SECRET)) == "unreachable"


def test_a_handshake_that_never_ends_has_sent_nothing():
    with behaving(silence) as line:
        assert code_of(client_of(line.port, scheme="https", total=1)) == "unreachable"
    assert b"accounts" not in line.heard[0]


def test_a_body_without_end_is_cut():
    with behaving(say(whole(b" " * 2_000_000 + LIST))) as line:
        assert code_of(client_of(line.port)) == "not_json"


def test_loopback_is_refused_before_a_byte_leaves():
    with behaving(say(whole(LIST)), read=False) as line:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0"):
            client = client_of(line.port, scheme="https", host=host, allow_private=False)
            assert code_of(client) in {"private_address", "unreachable"}
            assert client.make_call("ivan", "101").kind == "refused"
        assert code_of(client_of(line.port, scheme="https", allow_private=False)) == "private_address"
    assert line.heard == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_addresses_of_the_open_internet_are_public(address, public):
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://pbx.example", "not_https"),
        ("ftp://pbx.example", "wrong_address"),
        ("https://", "wrong_address"),
        ("https://[::1", "wrong_address"),
        ("", "wrong_address"),
    ],
)
def test_an_address_that_is_none_is_refused(url, code):
    assert code_of(PbxClient(url, SECRET)) == code


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("tenant.example", "https://tenant.example/sys/crm_api.wcgp"),
        ("https://tenant.example/", "https://tenant.example/sys/crm_api.wcgp"),
        (" https://tenant.example/sys/crm_api.wcgp ", "https://tenant.example/sys/crm_api.wcgp"),
        ("HTTPS://tenant.example/other", "https://tenant.example/other"),
    ],
)
def test_an_address_is_completed(address, url):
    assert api_url(address) == url


def test_tls_is_spoken_and_the_certificate_checked_for_the_name(tmp_path, monkeypatch):
    certificate = make_certificate("localhost", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def encrypted(sock, stop):
        with context.wrap_socket(sock, server_side=True) as wrapped:
            request_of(wrapped)
            wrapped.sendall(whole(LIST))

    with behaving(encrypted, read=False) as line:
        assert code_of(client_of(line.port, scheme="https", host="localhost")) == "unreachable"
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
        assert client_of(line.port, scheme="https", host="localhost").accounts() == [Account("ivan")]
        assert code_of(client_of(line.port, scheme="https", host="127.0.0.1")) == "unreachable"


@pytest.mark.parametrize("behaviour", [silence, reset, say(whole(b'{"error": "Invalid token"}'))])
def test_the_key_is_in_no_error_and_no_description(behaviour):
    with behaving(behaviour) as line:
        client = client_of(line.port, total=1)
        with pytest.raises(PbxError) as failed:
            client.accounts()
    error, told = failed.value, [repr(client)]
    while error is not None:
        told += [repr(error), repr(vars(error)), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    assert not [text for text in told if SECRET in text]


def test_the_environments_proxy_is_not_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with behaving(say(whole(LIST))) as line:
        assert client_of(line.port).accounts() == [Account("ivan")]


def test_history_asks_for_a_period_or_for_two_instants():
    with behaving(say(whole(b""))) as line:
        client_of(line.port).history(limit=5)
        client_of(line.port).history(start_at=1_790_000_000_000, end_at=1_790_000_060_000)
    assert b"cmd=history&type=all&period=today&limit=5&" in line.heard[0]
    assert b"&start=20260921T141320Z&end=20260921T141420Z&" in line.heard[1]


GREEN = """
from gevent import monkey
monkey.patch_all()
import sys
from app.pbx.client import PbxClient
print(PbxClient(sys.argv[1], "key", allow_private=True, total=1).make_call("ivan", "101").reason)
"""


@pytest.mark.parametrize("data", [b"", HEAD])
def test_under_gevent_the_deadline_holds_as_well(data):
    with behaving(drip(data + b" " * 300) if data else silence) as line:
        done = subprocess.run(
            [sys.executable, "-c", GREEN, f"http://127.0.0.1:{line.port}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        )
    assert done.stdout == "no_answer\n"

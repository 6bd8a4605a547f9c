"""Bodies that no PBX should send: the collected samples, bent and broken at random."""

from __future__ import annotations

import json
import random
from urllib.parse import quote_plus, urlencode

from tests.pbx.samples import FORM, JSON, KEY, PUSHES

NASTY = (
    *("", " ", "\0", "null", "-1", "0", "1e999", "NaN", "٧٩٠٠", "１２３", "9" * 5000, "-" + "9" * 400, "٠"),
    *(
        "00010101T000000Z",
        "99991231T235959Z",
        "20260230T256199Z",
        "2026-10-25 02:30:00",
        "x" * 3000,
        "я" * 600,
    ),
    *(
        "\ud800",
        "\udfff\ud800",
        "a\r\nSet-Cookie: x=1",
        "<script>",
        "' OR 1=1 --",
        "%s%n",
        "../../etc/passwd",
    ),
    *("g_", "@", "a@b@c", "pbx", "anonymous", "+", "810", "\u202e123", "https://[::1", "file:///etc/passwd"),
    *("INCOMING", "TRANSFERRED", "in", "out", "Success", "missed", "4294967296", "99999999999999999999"),
)
TYPES = (
    FORM,
    FORM,
    FORM,
    JSON,
    "text/plain",
    "",
    "multipart/form-data; boundary=x",
    "\x7f",
    "application/xml",
)
EXTRA = ("payload", "second_callid", "start", "wait", "rating", "direction", "crm_token", "token", "cmd")


def bodies(seed: int, count: int) -> list[tuple[bytes, str]]:
    """So many bodies with a content type each; the same seed gives the same."""
    chance = random.Random(seed)
    return [_body(chance) for _ in range(count)]


def _body(chance: random.Random) -> tuple[bytes, str]:
    form = {**chance.choice(PUSHES)["form"], "crm_token": KEY}
    if chance.random() < 0.7:
        form["callid"] = f"fuzz-{chance.randrange(300)}"  # so that calls get many pushes
    for _ in range(chance.randrange(4)):
        form[chance.choice([*form, *EXTRA])] = chance.choice(NASTY)
    if chance.random() < 0.2:
        del form[chance.choice(list(form))]
    body = chance.choice((_form, _form, _json, _payload, _latin))(form)
    for _ in range(chance.choice((0, 0, 1, 2, 8))):
        body = _bent(body, chance)
    return body[: 64 * 1024], chance.choice(TYPES)


def _form(form: dict[str, str]) -> bytes:
    return urlencode(form, errors="surrogatepass").encode()


def _latin(form: dict[str, str]) -> bytes:
    return urlencode(form, encoding="cp1251", errors="replace").encode()


def _json(form: dict[str, str]) -> bytes:
    return json.dumps(form).encode()


def _payload(form: dict[str, str]) -> bytes:
    return b"payload=" + quote_plus(json.dumps(form)).encode()


def _bent(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    piece = body[at : at + chance.randrange(40)]
    junk = chance.choice(
        (chance.randbytes(3), b"%FF", b"%", b"&", b"=", b"\0", b"{", b"}", b'"', b"&" * 3000)
    )
    bent: tuple[bytes, ...] = (
        body[:at] + junk + body[at:],
        body[:at] + junk + body[at + len(junk) :],
        body[:at],
        body[:at] + piece * chance.randrange(60) + body[at:],
        body[at:] + b"&" + body[:at],
        b"[" * chance.randrange(30) + body,
    )
    return chance.choice(bent)

"""Opening the body of a push: bytes of any kind in, text fields out; never raises.

The specification (4.1) shows form fields; later editions post JSON, or one form field `payload` that
holds JSON. Bodies in windows-1251 occur. One bad byte must not cost us the call, so each value is
decoded by itself: UTF-8, else windows-1251, and a flag says so.
"""

import json
import re
from urllib.parse import quote_plus, unquote_to_bytes

from app.pbx.message import Envelope
from app.pbx.redaction import TOKEN_NAMES, blank_json_tokens, cut_from_broken, leaks, rewrite

MAX_FIELDS = 200

_SURROGATE = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"

Pairs = list[tuple[str, str]]


def open_envelope(body: bytes, content_type: str) -> Envelope:
    """Open a push: JSON or form by content type and look, each falling back to the other.

    Flags: `cp1251`, `nul`, `surrogate`, `doubled`, `truncated`, `wrong_content_type`.
    """
    reader = _Reader()
    says_json = "json" in content_type.lower()
    looks_json = body.lstrip(_BOM + b" \t\r\n")[:1] == b"{"
    pairs = reader.json_pairs(body) if says_json or looks_json else None
    if pairs is not None:
        redacted = _keyless(body, pairs)
        if not says_json and content_type:
            reader.flags.add("wrong_content_type")
    else:
        pairs, redacted = reader.form_pairs(body)
        if says_json:
            reader.flags.add("wrong_content_type")
    return reader.envelope(pairs, redacted)


class _Reader:
    """Reads one body and notes what was odd about it."""

    def __init__(self) -> None:
        self.flags: set[str] = set()

    def form_pairs(self, body: bytes) -> tuple[Pairs, bytes]:
        """The fields of a form, and the form with the key's value blanked."""
        pairs: Pairs = []
        pieces = body.split(b"&")
        for index, piece in enumerate(pieces):
            raw_name, equals, raw_value = piece.partition(b"=")
            if not piece:
                continue
            name = self.text(raw_name)
            if name == "payload":
                inner = self._payload(raw_value)
                if inner is not None:
                    pairs += inner[0]
                    pieces[index] = raw_name + b"=" + quote_plus(inner[1]).encode()
                    continue
            if name in TOKEN_NAMES:
                pieces[index] = raw_name + equals
            pairs.append((name, self.text(raw_value)))
        return pairs, b"&".join(pieces)

    def _payload(self, raw: bytes) -> tuple[Pairs, bytes] | None:
        inner = unquote_to_bytes(raw.replace(b"+", b" "))
        pairs = self.json_pairs(inner)
        return None if pairs is None else (pairs, _keyless(inner, pairs))

    def json_pairs(self, body: bytes) -> Pairs | None:
        """The members of a JSON object as text, or None when the body is not a JSON object.

        Numbers keep their spelling: an id of digits must not become 4.3e10.
        """
        text = self._decode(body.strip(_BOM))
        try:
            found = json.loads(
                text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_Members
            )
            if isinstance(found, _Members):
                return [(self._clean(name), self._clean(_as_text(value))) for name, value in found]
        except (ValueError, RecursionError):
            pass  # not JSON, or nested beyond reason: the caller reads it as a form
        return None

    def text(self, raw: bytes) -> str:
        """The text of one piece of a form."""
        if b"+" in raw:
            raw = raw.replace(b"+", b" ")
        if b"%" in raw:
            raw = unquote_to_bytes(raw)
        return self._clean(self._decode(raw))

    def _decode(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.flags.add("cp1251")
            return raw.decode("cp1251", "replace")

    def _clean(self, text: str) -> str:
        """Text that any database and any socket takes: no NUL, no lone surrogate."""
        if text.isascii():
            if "\0" not in text:
                return text
        elif _SURROGATE.search(text):
            self.flags.add("surrogate")
            text = text.encode("utf-8", "replace").decode()
        if "\0" in text:
            self.flags.add("nul")
            text = text.replace("\0", "")
        return text

    def envelope(self, pairs: Pairs, redacted: bytes) -> Envelope:
        """Keep the first non-empty value of each name, and the key apart from the fields."""
        fields: dict[str, str] = {}
        tokens: dict[str, str] = {}
        for name, value in pairs:
            known = tokens if name in TOKEN_NAMES else fields
            if name in known:
                self.flags.add("doubled")
                known[name] = known[name] or value
            elif len(fields) < MAX_FIELDS or known is tokens:
                known[name] = value
            else:
                self.flags.add("truncated")
        token = tokens.get("crm_token") or tokens.get("token") or None
        fields, redacted = _sealed(fields, pairs, redacted)
        return Envelope(fields, token, tuple(sorted(self.flags)) if self.flags else (), redacted)


def _sealed(fields: dict[str, str], pairs: Pairs, redacted: bytes) -> tuple[dict[str, str], bytes]:
    """Fields and body once more, without a key that hides elsewhere than in its own field."""
    secrets = {value for name, value in pairs if value and name in TOKEN_NAMES}
    if not secrets:
        return fields, redacted if "cmd" in fields else cut_from_broken(redacted)
    rest = "\n".join([f"{name}\n{value}" for name, value in pairs if name not in TOKEN_NAMES])
    if any(leaks(rest, secret) for secret in secrets):
        return rewrite(fields, secrets)
    return fields, redacted


def _keyless(body: bytes, pairs: Pairs) -> bytes:
    """A JSON object without the key; written anew only when escapes hide the field (`crm\\u005ftoken`)."""
    blanked = blank_json_tokens(body)
    if b"\\u" not in blanked:
        return blanked
    again = _Reader().json_pairs(blanked) or []
    if not any(value for name, value in again if name in TOKEN_NAMES):
        return blanked
    names = {name: "" for name, _ in pairs if name not in TOKEN_NAMES}
    first = {name: value for name, value in reversed(pairs) if value and name in names}
    return json.dumps(names | first, ensure_ascii=False).encode()


class _Members(list[tuple[str, object]]):
    """The members of a JSON object in their order, doubled names included."""


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, _Members):
        return {name: _plain(inner) for name, inner in value}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value

"""Cutting the PBX's key out of what is kept: it must not be read from the inbox, a backup or a log."""

import json
import re
from urllib.parse import unquote

TOKEN_NAMES = frozenset({"crm_token", "token"})

# Shorter keys would be found inside innocent words, and are too short to be keys of ours.
_LONG_ENOUGH = 8
_DEEPEST_ENCODING = 3

_JSON_TOKEN = re.compile(rb'("(?:crm_)?token"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,\[\]{}"]+)', re.S)
_JSON_ESCAPE = re.compile(r"\\u00([0-7][0-9a-fA-F])")
_BROKEN_TOKEN = re.compile(
    rb"((?:crm(?:_|%5f)|\b)token" + rb'(?:\\?"|%22)?(?:\s|\+|%20)*(?::|=|%3a|%3d)(?:\s|\+|%20)*(?:\\?"|%22)?)'
    rb'(?:(?!\\?"|%22|%26|[&,}\s]).)+',
    re.I | re.S,
)


def blank_json_tokens(body: bytes) -> bytes:
    """Raw JSON with the value of every key field emptied, the rest byte for byte as it was."""
    return _JSON_TOKEN.sub(rb'\1""', body)


def cut_from_broken(body: bytes) -> bytes:
    """The same by appearance alone, for a body that nothing could parse."""
    return _BROKEN_TOKEN.sub(rb"\1", body)


def leaks(text: str, secret: str) -> bool:
    """Whether a key can be read from a text, percent-encoded or escaped as it may be."""
    if len(secret) < _LONG_ENOUGH:
        return False
    for _ in range(_DEEPEST_ENCODING):
        if secret in text:
            return True
        if "%" in text:
            text = unquote(text)
        elif "\\u00" in text:
            text = _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        else:
            return False
    return secret in text


def rewrite(fields: dict[str, str], secrets: set[str]) -> tuple[dict[str, str], bytes]:
    """The fields without the keys that hid among them, and a body that says just these fields."""
    clean = {_without(name, secrets): _without(value, secrets) for name, value in fields.items()}
    return clean, json.dumps(clean, ensure_ascii=False).encode()


def _without(text: str, secrets: set[str]) -> str:
    for secret in secrets:
        if leaks(text, secret):
            text = text.replace(secret, "")
        if leaks(text, secret):
            return ""  # encoded more than once: nothing of it can be kept
    return text

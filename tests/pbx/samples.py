"""The collected pushes and replies, as lines of `data/`, and how a PBX would put them on the wire."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
KEY = "TEST-CRM-TOKEN"

_DATA = Path(__file__).parent / "data"


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DATA / name).read_text(encoding="utf-8").splitlines() if line]


PUSHES = _lines("pbx-samples.jsonl")
REPLIES = _lines("pbx-replies.jsonl")
SAMPLES_FILE = _DATA / "pbx-samples.jsonl"


def as_form(form: dict[str, str]) -> bytes:
    return urlencode(form).encode()


def as_json(form: dict[str, str]) -> bytes:
    return json.dumps(form, ensure_ascii=False).encode()


def as_payload(form: dict[str, str]) -> bytes:
    return urlencode({"payload": json.dumps(form)}).encode()

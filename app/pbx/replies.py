"""What the PBX's replies mean (specification 4.2; CSV of later editions). Pure: a reply in, a value out."""

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from app.pbx.message import bare_login

# What can go wrong, by code. The texts are for the log; pages translate the codes.
CODES = {
    "bad_token": "the PBX refused the key",
    "bad_parameters": "the PBX does not know this command or refused its parameters",
    "bad_number": "this number cannot be dialled; nothing was sent",
    "wrong_address": "the address is not the PBX's API (redirect or not found)",
    "not_https": "the address is not https; nothing was sent",
    "private_address": "the address is on a private network, which is not allowed; nothing was sent",
    "unreachable": "no connection; nothing was sent",
    "no_answer": "no answer in time; what became of the request is unknown",
    "not_json": "an answer, but not the one asked for (a gateway's page?)",
    "gateway": "a gateway in front of the PBX, or the PBX itself, failed",
}

_NAMED_ERRORS = {"invalid token": "bad_token", "invalid parameters": "bad_parameters"}
_STATUS_CODES = {400: "bad_parameters", 401: "bad_token", 403: "bad_token", 404: "wrong_address"}
_CALL_REF_KEYS = ("uuid", "callid", "CallID", "callId")
_BARE_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{3,127}")
_NUMBER = re.compile(r"[0-9]{1,9}")

# After these the request may have been carried out all the same.
_UNSURE = frozenset({"no_answer", "gateway", "not_json"})


class PbxError(Exception):
    """A command failed; `code` is one of `CODES`. Never holds the key."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code}: {CODES[code]}")
        self.code = code


class Reply(NamedTuple):
    """An HTTP answer, as far as it matters."""

    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.body.decode("cp1251", "replace")

    @property
    def is_html(self) -> bool:
        return "html" in self.content_type.lower() or self.body.lstrip()[:1] == b"<"

    def json(self) -> object:
        """The value, numbers as text (an id must not become a float). Raises ValueError."""
        try:
            return json.loads(self.text, parse_int=str, parse_float=str)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the PBX; `name` is the login, without `@tenant`."""

    name: str
    real_name: str | None = None
    ext: str | None = None
    telnum: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class DialAnswer:
    """What became of a makeCall. `unknown`: it may have been dialled, so it must not be repeated."""

    kind: Literal["accepted", "refused", "unknown"]
    call_ref: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of `history`. `account` proves no answer; `start` is raw text; times in seconds."""

    uid: str
    type: str
    phone: str
    account: str | None
    via: str | None
    start: str
    wait: int | None
    duration: int | None
    record: str | None
    rating: int | None = None


def error_of(reply: Reply) -> str | None:
    """The code of a reply that is an error, else None. Error texts may carry a suffix."""
    if 300 <= reply.status < 400:
        return "wrong_address"
    named = _named_error(reply)
    if named or reply.status == 200:
        return named
    return _STATUS_CODES.get(reply.status, "bad_parameters" if 400 <= reply.status < 429 else "gateway")


def _named_error(reply: Reply) -> str | None:
    try:
        value = reply.json()
    except ValueError:
        return None
    if not isinstance(value, dict) or not value.get("error"):
        return None
    text = str(value["error"]).lower()
    return next((code for name, code in _NAMED_ERRORS.items() if text.startswith(name)), "bad_parameters")


def read_accounts(reply: Reply) -> list[Account]:
    """The accounts in a reply. Raises `PbxError`, also for anything but a list."""
    _raise_error(reply)
    try:
        items = reply.json()
    except ValueError:
        raise PbxError("not_json") from None
    if not isinstance(items, list):
        raise PbxError("not_json")
    accounts = [_account(item) for item in items if isinstance(item, dict)]
    return [account for account in accounts if account.name]


def _account(item: dict[str, object]) -> Account:
    def text(key: str) -> str | None:
        value = item.get(key)
        return str(value).strip() or None if value is not None else None

    return Account(
        name=bare_login(text("name")) or "",
        real_name=text("realName"),
        ext=text("ext"),
        telnum=text("telnum"),
        email=text("email"),
    )


def read_dial(reply: Reply) -> DialAnswer:
    """What a reply to makeCall says. Success takes many shapes; a page of HTML is none of them."""
    code = error_of(reply)
    if code is not None:
        return failed_dial(code)
    if reply.is_html:
        return failed_dial("not_json")
    try:
        value = reply.json() if reply.body.strip() else {}
    except ValueError:
        value = reply.text.strip()
    if isinstance(value, dict):
        refs = (value.get(key) for key in _CALL_REF_KEYS)
        return DialAnswer("accepted", call_ref=next((str(ref) for ref in refs if ref), None))
    if isinstance(value, str) and _BARE_REF.fullmatch(value):
        return DialAnswer("accepted", call_ref=value)
    return failed_dial("not_json")


def failed_dial(code: str) -> DialAnswer:
    """A makeCall that failed with a code: refused for certain, or of unknown outcome."""
    return DialAnswer("unknown" if code in _UNSURE else "refused", reason=code)


def read_history(reply: Reply) -> list[HistoryRow]:
    """The rows of a history reply (CSV, no header, CRLF). Raises `PbxError`."""
    _raise_error(reply)
    if reply.is_html:
        raise PbxError("not_json")
    lines = [line for line in csv.reader(io.StringIO(reply.text.replace("\0", ""))) if line]
    if any(len(line) < 8 for line in lines):
        raise PbxError("not_json")
    return [_history_row(line) for line in lines]


def _history_row(line: list[str]) -> HistoryRow:
    uid, kind, phone, account, via, start, wait, duration, record, rating = [*line, "", ""][:10]
    return HistoryRow(
        uid=uid,
        type=kind.lower(),
        phone=phone,
        account=bare_login(account),
        via=via or None,
        start=start,
        wait=_number(wait),
        duration=_number(duration),
        record=record or None,
        rating=_number(rating),
    )


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _raise_error(reply: Reply) -> None:
    code = error_of(reply)
    if code is not None:
        raise PbxError(code)

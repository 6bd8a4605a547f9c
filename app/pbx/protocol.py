"""The PBX's commands: a push's fields to a message, and the answers the specification gives (4.1)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from app.pbx.envelope import open_envelope
from app.pbx.message import Invalid, Message, bare_login

__all__ = ["INVALID_PARAMETERS", "INVALID_TOKEN", "contact_answer", "open_envelope", "parse"]

INVALID_PARAMETERS: Final = {"error": "Invalid parameters"}
INVALID_TOKEN: Final = {"error": "Invalid token"}

COMMANDS = frozenset({"history", "event", "contact", "rating"})
EVENT_TYPES = frozenset({"INCOMING", "ACCEPTED", "COMPLETED", "CANCELLED", "OUTGOING", "TRANSFERRED"})
HISTORY_TYPES = frozenset({"in", "out", "internal"})
DIRECTIONS = frozenset({"in", "out", "internal"})
STATUSES = frozenset({"success", "busy", "notavailable", "notallowed", "missed", "cancel", "notfound"})

KNOWN_FIELDS = frozenset(
    {"cmd", "callid", "phone", "user", "type", "direction", "diversion", "duration", "status", "link"}
    | {"start", "wait", "ext", "telnum", "telnum_name", "groupRealName", "group", "missedStatus"}
    | {"second_callid", "rating"}
)

# What a database column holds and a page can show; the whole text stays in the inbox.
_LONGEST_ID = 200
_LONGEST_TEXT = 200
_LONGEST_LINK = 2000

_NUMBER = re.compile(r"[0-9]{1,9}")


def parse(fields: Mapping[str, str]) -> Message:
    """Read a push. Raises `Invalid` only where the PBX must hear 400; all other oddities are flags.

    Flags: `no_user`, `no_status`, `no_duration`, `no_rating`, `bad_duration`, `bad_wait`, `bad_rating`,
    `unknown_type`, `unknown_status`, `unknown_direction`, `long_id`, `long_text`, `long_link`.
    """
    cmd = fields.get("cmd", "").strip().lower()
    _refuse_incomplete(cmd, fields)
    return _Parser(cmd, fields).message()


def contact_answer(name: str | None, responsible: str | None) -> dict[str, str]:
    """The answer to `contact` (specification 4.1.3): always an object, `{}` for a stranger.

    `responsible` is a PBX login. Left out when unsure: the PBX then rings nobody else.
    """
    answer = {"contact_name": name, "responsible": responsible}
    return {key: value for key, value in answer.items() if value}


def _refuse_incomplete(cmd: str, fields: Mapping[str, str]) -> None:
    if cmd not in COMMANDS:
        raise Invalid("unknown_cmd" if cmd else "no_cmd")
    if not fields.get("callid", "").strip():
        raise Invalid("no_callid")
    if "phone" not in fields and cmd != "rating":
        raise Invalid("no_phone")
    if "type" not in fields and cmd in ("event", "history"):
        raise Invalid("no_type")


class _Parser:
    """Reads the fields of one push and collects what was odd about them."""

    def __init__(self, cmd: str, fields: Mapping[str, str]) -> None:
        self.cmd = cmd
        self.fields = fields
        self.flags: list[str] = []

    def message(self) -> Message:
        text, number = self._text, self._number
        return Message(
            cmd=self.cmd,
            callid=self._id("callid") or "",
            phone=self._raw_phone(),
            user=self._user(),
            type=self._type(),
            direction=self._direction(),
            diversion=text("diversion"),
            duration=number("duration"),
            status=self._status(),
            link=self._link(),
            start=text("start"),
            wait=number("wait"),
            ext=text("ext"),
            telnum=text("telnum"),
            telnum_name=text("telnum_name"),
            group=text("groupRealName") or text("group"),
            missed_status=text("missedStatus"),
            second_callid=self._id("second_callid"),
            rating=number("rating"),
            extra={name: value for name, value in self.fields.items() if name not in KNOWN_FIELDS},
            flags=self._all_flags(),
        )

    def _text(self, name: str) -> str | None:
        value = self.fields.get(name)
        if not value:
            return None
        value = value.strip()
        if len(value) > _LONGEST_TEXT:
            self.flags.append("long_text")
            value = value[:_LONGEST_TEXT]
        return value or None

    def _id(self, name: str) -> str | None:
        """An id as text. One too long to keep is cut and gains a digest, so that it stays its own."""
        value = self.fields.get(name, "").strip()
        if len(value) > _LONGEST_ID:
            self.flags.append("long_id")
            digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]
            value = f"{value[:100]}~{digest}"
        return value or None

    def _number(self, name: str) -> int | None:
        """ASCII digits only: `int` would also take `1_000`, other scripts' digits and 5,000 figures."""
        value = self.fields.get(name)
        if not value:
            return None
        if _NUMBER.fullmatch(value):
            return int(value)
        self.flags.append(f"bad_{name}")
        return None

    def _raw_phone(self) -> str | None:
        """Verbatim, spaces too: a leading one was a plus before it went through a form."""
        value = self.fields.get("phone")
        if value and len(value) > _LONGEST_TEXT:
            self.flags.append("long_text")
            value = value[:_LONGEST_TEXT]
        return value

    def _user(self) -> str | None:
        login = bare_login(self._text("user"))
        if login is None and self.cmd in ("event", "history"):
            self.flags.append("no_user")
        return login

    def _type(self) -> str | None:
        value = self._text("type")
        if self.cmd == "event":
            value = value.upper() if value else None
            known = value in EVENT_TYPES
        else:
            value = value.lower() if value else None
            known = value in HISTORY_TYPES or self.cmd != "history"
        if not known:
            self.flags.append("unknown_type")
        return value

    def _direction(self) -> str | None:
        value = self._text("direction")
        if value is None or value.lower() in DIRECTIONS:
            return value and value.lower()
        self.flags.append("unknown_direction")
        return None

    def _status(self) -> str | None:
        value = self._text("status")
        if self.cmd == "history" and (value is None or value.lower() not in STATUSES):
            self.flags.append("unknown_status" if value else "no_status")
        return value

    def _link(self) -> str | None:
        """A cut link would fetch something else or nothing: one too long is no link."""
        value = self.fields.get("link", "").strip()
        if len(value) > _LONGEST_LINK:
            self.flags.append("long_link")
            return None
        return value or None

    def _all_flags(self) -> tuple[str, ...]:
        if self.cmd == "history" and not self.fields.get("duration"):
            self.flags.append("no_duration")
        if self.cmd == "rating" and not self.fields.get("rating"):
            self.flags.append("no_rating")
        return tuple(dict.fromkeys(self.flags))

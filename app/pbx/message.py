"""What the PBX said, once read: the envelope of a push and the message in it."""

from dataclasses import dataclass, field

GROUP_PREFIX = "g_"
SWITCH_LOGIN = "pbx"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The body of a push, opened but not yet understood.

    `redacted` is the body with the key cut out and otherwise as it came; opened again with the same
    content type it gives the same fields. `token` is the key as it came and is not among `fields`.
    """

    fields: dict[str, str]
    token: str | None
    flags: tuple[str, ...]
    redacted: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One command of the PBX: history, event, contact (specification 4.1) or the later `rating`.

    `user` is a login without `@tenant`, yet it may be the switch itself or a group: see `is_person`.
    `type` is upper-case on an event, lower-case on a history. `status` and `phone` are verbatim.
    `duration` and `wait` are seconds. `start` is the raw text: see `times.parse_start`.
    Fields we do not know are in `extra`; what was odd about the known ones is in `flags`.
    """

    cmd: str
    callid: str
    phone: str | None = None
    user: str | None = None
    type: str | None = None
    direction: str | None = None
    diversion: str | None = None
    duration: int | None = None
    status: str | None = None
    link: str | None = None
    start: str | None = None
    wait: int | None = None
    ext: str | None = None
    telnum: str | None = None
    telnum_name: str | None = None
    group: str | None = None
    missed_status: str | None = None
    second_callid: str | None = None
    rating: int | None = None
    extra: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


class Invalid(ValueError):
    """A push that the specification answers with 400; `reason` is an English code for the admin."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def bare_login(raw: str | None) -> str | None:
    """The login without `@tenant`, or None when nothing is left."""
    return (raw or "").partition("@")[0].strip() or None


def is_person(login: str | None) -> bool:
    """Whether a login belongs to a person: not the switch (`pbx`), not a group (`g_…`), not empty."""
    return bool(login) and login != SWITCH_LOGIN and not str(login).startswith(GROUP_PREFIX)

"""The histories of a call: what the PBX says in the end, brought together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.pbx.message import Message, is_person
from app.services.tracking.states import Outcome
from app.services.tracking.trail import Push

# The specification's words (4.1.1) and those of later editions, in lower case.
OUTGOING: Mapping[str, Outcome] = {
    "success": "answered",
    "busy": "busy",
    "notavailable": "unavailable",
    "notallowed": "forbidden",
    "notfound": "not_found",
    "cancel": "cancelled",
}
INCOMING: Mapping[str, Outcome] = {
    "success": "answered",
    "busy": "missed",
    "notavailable": "missed",
    "cancel": "missed",
    "missed": "missed",
    "notallowed": "forbidden",
    "notfound": "not_found",
}
_SILENT = INCOMING.keys() - {"success"}
_MERGED = (
    *("phone", "type", "direction", "diversion", "duration", "status", "link", "start", "wait"),
    *("user", "ext", "telnum", "telnum_name", "group", "missed_status", "rating"),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What all histories of one login say together; `login` is None for those that name no person."""

    login: str | None
    said: Message
    heard_at: int  # the first receipt
    depth: int

    @property
    def success(self) -> bool:
        """Whether the PBX says that this login talked."""
        return word(self.said) == "success"

    @property
    def silent(self) -> bool:
        """Whether the PBX says that this login did not talk; with no or an unknown word it says neither."""
        return word(self.said) in _SILENT


class Told(NamedTuple):
    """All that the histories of a call say: login by login, and as a whole (None without a history)."""

    reports: tuple[Report, ...]
    whole: Message | None


def tell(histories: Sequence[Push], depth: dict[str, int]) -> Told:
    """Bring the histories of a call together: sorted by login, the same for every order of arrival."""
    if not histories:
        return Told((), None)
    groups: dict[str | None, list[Push]] = {}
    for push in histories:
        user = push.message.user
        groups.setdefault(user if is_person(user) else None, []).append(push)
    if None in groups and len(groups) > 1:
        _adopt_nameless(groups)
    reports = [_report(login, groups[login], depth) for login in sorted(groups, key=lambda name: name or "")]
    return Told(tuple(reports), merge([report.said for report in reports]))


def word(history: Message) -> str:
    """The status for comparison: live PBXs send it in any case."""
    return (history.status or "").lower()


def _adopt_nameless(groups: dict[str | None, list[Push]]) -> None:
    """Give the histories that name no person to the one person who can be meant, if there is just one."""
    people = [login for login in groups if login is not None]
    talked = [login for login in people if _any_success(groups[login])]
    hosts = talked or ([] if _any_success(groups[None]) else people)
    if len(hosts) == 1:
        groups[hosts[0]] += groups.pop(None)


def _any_success(pushes: Sequence[Push]) -> bool:
    return any(word(push.message) == "success" for push in pushes)


def _report(login: str | None, pushes: Sequence[Push], depth: dict[str, int]) -> Report:
    return Report(
        login=login,
        said=merge([push.message for push in pushes]),
        heard_at=min(push.received_at for push in pushes),
        depth=max(depth.get(push.message.callid, 0) for push in pushes) if depth else 0,
    )


def merge(histories: Sequence[Message]) -> Message:
    """Field by field the richest push that has it, ties the larger value; a Success goes before the others.

    So a poorer replay blanks nothing, and the ringing time of a missed leg never passes for talk.
    """
    if len(histories) == 1:
        return histories[0]
    ranked = [((word(history) == "success", _richness(history)), history) for history in histories]
    fields = {name: _best(ranked, name) for name in _MERGED}
    return Message(cmd="history", callid=min(history.callid for history in histories), **fields)


def _richness(history: Message) -> int:
    return sum(getattr(history, name) not in (None, "") for name in _MERGED)


def _best(ranked: Sequence[tuple[tuple[bool, int], Message]], name: str) -> Any:
    known = [(rank, getattr(history, name)) for rank, history in ranked]
    known = [pair for pair in known if pair[1] not in (None, "")]
    return max(known)[1] if known else None

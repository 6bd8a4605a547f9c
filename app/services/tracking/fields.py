"""The fields of the row that several pushes have a say in: numbers, instants, durations."""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from app.pbx.numbers import Number, normalise, region_of
from app.pbx.times import parse_start
from app.services.tracking.legs import seconds
from app.services.tracking.states import Outcome
from app.services.tracking.story import Story
from app.services.tracking.trail import Limits

T = TypeVar("T", bound=Hashable)

_KIND_ORDER = {"e164": 0, "internal": 1, "other": 2, "withheld": 3}
_CMD_ORDER = {"history": 0, "event": 1, "rating": 2}


class Numbers(NamedTuple):
    """The client's number and ours, understood and as they came."""

    phone: Number
    phone_raw: str | None
    via: Number | None
    via_raw: str | None


def numbers(story: Story, limits: Limits) -> Numbers:
    """The client's number: the first key's, the best understood, the history's; ours by the same order."""
    phones: set[tuple[int, int, str]] = set()
    vias: set[tuple[int, int, str]] = set()
    for _, _, message in story.pushes:
        depth = story.depth.get(message.callid, 0)
        order = _CMD_ORDER.get(message.cmd, 2)
        if message.phone is not None or message.cmd != "rating":
            phones.add((depth, order, message.phone or ""))
        if message.diversion:
            vias.add((depth, order, message.diversion))
    via_raw = min(vias)[2] if vias else None
    via = normalise(via_raw, limits.region) if via_raw else None
    phone, phone_raw = _client(phones, region_of(via_raw) or limits.region)
    return Numbers(phone, phone_raw, via, via_raw)


def _client(phones: Iterable[tuple[int, int, str]], region: str) -> tuple[Number, str | None]:
    known = [(depth, normalise(raw, region), order, raw) for depth, order, raw in phones]
    if not known:
        return Number("withheld", ""), None
    best = min(known, key=lambda found: (found[0], _KIND_ORDER[found[1].kind], found[2], found[3]))
    return best[1], best[3]


def begun(story: Story, limits: Limits) -> dict[str | None, int]:
    """When each login's history says it began, where it says so readably."""
    found = {report.login: parse_start(report.said.start, limits.zone) for report in story.told.reports}
    return {login: at for login, at in found.items() if at is not None}


def started_at(story: Story, starts: Mapping[str | None, int]) -> int:
    """History's start; else the first receipt; with histories alone, their receipt less what they lasted.

    The earliest receipt of any push, so that an event which came late does not move the start.
    """
    if starts:
        return min(starts.values())
    first = min(push.received_at for push in story.pushes)
    if any(push.message.cmd == "event" for push in story.pushes):
        return first
    return first - 1000 * sum(report.said.duration or 0 for report in story.told.reports)


def answered_at(outcome: Outcome, story: Story, started: int) -> int | None:
    """The first pick-up by our clock, else the history's start and wait; None where nobody answered."""
    if outcome not in ("answered", "talking", "no_end"):
        return None
    lifted = [track.accepted_at for track in story.tracks if track.accepted_at is not None]
    if lifted:
        return max(started, min(lifted))
    whole = story.told.whole
    return None if whole is None or whole.wait is None else started + 1000 * whole.wait


def ended_at(outcome: Outcome, story: Story, at_least: int) -> int | None:
    """When the last was heard of the call, never before `at_least`; None while it lives."""
    if outcome in ("ringing", "talking"):
        return None
    return max([at_least, *(track.raised_at for track in story.tracks)])


def wait_s(outcome: Outcome, story: Story) -> int | None:
    """Seconds the client heard it ring: history's wait, a missed history's duration, else the legs'."""
    whole = story.told.whole
    if whole is not None and whole.wait is not None:
        return whole.wait
    if whole is not None and whole.duration and outcome != "answered":
        return whole.duration
    rang = [track.rang_at for track in story.tracks if track.rang_at is not None]
    lifted = [track.accepted_at for track in story.tracks if track.accepted_at is not None]
    ended = [track.ended_at for track in story.tracks if track.ended_at is not None]
    if not rang:
        return None
    if lifted and outcome in ("answered", "talking"):
        return seconds(min(lifted) - min(rang))
    return seconds(max(ended) - min(rang)) if ended else None


def duration_s(outcome: Outcome, story: Story) -> int:
    """Talk seconds, 0 unless answered: the sum over the logins that talked, else by the events' clock."""
    if outcome != "answered":
        return 0
    talks = [report for report in story.told.reports if report.success]
    named = [report for report in talks if report.login is not None]
    unsaid = [report for report in story.told.reports if not report.success and not report.silent]
    for heard in (named, talks, unsaid):
        known = [report.said.duration for report in heard if report.said.duration is not None]
        if known:
            return sum(known)
    return sum(track.talk_s for track in story.tracks)


def newest(values: Iterable[T | None]) -> T | None:
    """The value that appeared last for the first time: neither a repeat nor an empty one changes it."""
    seen = [value for value in dict.fromkeys(values) if value is not None]
    return seen[-1] if seen else None

"""The outcome of a call: what its legs and histories mean at a moment."""

from typing import NamedTuple

from app.pbx.message import Message
from app.services.tracking.histories import INCOMING, OUTGOING, word
from app.services.tracking.legs import OVER, RINGING, TALKING, Track
from app.services.tracking.states import Outcome
from app.services.tracking.story import Story
from app.services.tracking.trail import Limits

# A receipt this far ahead of now means that the clock was set back: waiting for it could take an hour.
CLOCK_SET_BACK_MS = 60_000


class Standing(NamedTuple):
    """How the legs stand at a moment. Instants are epoch milliseconds."""

    talking: bool
    ringing: bool
    reaped: frozenset[str]  # logins whose leg was silent for too long
    ends: dict[str, int]  # when each leg ended that is over by its own or another's event, or was reaped
    settled: bool  # no leg lives, and none has for `settle_s`
    due_at: int | None


def look(story: Story, now: int, limits: Limits) -> Standing:
    """Sort the legs into talking, ringing and over, and say when time alone changes that."""
    ends: dict[str, int] = {}
    live: dict[str, Track] = {}
    for track in story.tracks:
        if track.rank == OVER:
            ends[track.login] = track.raised_at
        elif story.beaten(track):
            ends[track.login] = story.legs.picked_up_at
        elif not story.closed:
            live[track.login] = track
    until = {login: _silent_until(track, limits) for login, track in live.items()}
    reaped = {login for login, track in live.items() if _past(track.raised_at, until[login], now)}
    for login in reaped:
        del until[login]
        ends[login] = live.pop(login).raised_at
    last_end = max(ends.values(), default=now)
    settled_at = last_end + int(limits.settle_s * 1000)
    settled = story.closed or (not live and _past(last_end, settled_at, now))
    return Standing(
        talking=any(track.rank == TALKING for track in live.values()),
        ringing=any(track.rank == RINGING for track in live.values()),
        reaped=frozenset(reaped),
        ends=ends,
        settled=settled,
        due_at=None if settled or not story.legs.tracks else min(until.values(), default=settled_at),
    )


def _silent_until(track: Track, limits: Limits) -> int:
    limit_s = limits.ring_max_s if track.rank == RINGING else limits.talk_max_s
    return track.raised_at + int(limit_s * 1000)


def _past(since: int, until: int, now: int) -> bool:
    return now >= until or now < since - CLOCK_SET_BACK_MS


def decide(story: Story, standing: Standing) -> Outcome:
    """The outcome: answered for sure, else by the histories where there are any, else by the legs."""
    answered = not story.dialled and any(
        track.lifted for track in story.tracks if track.login not in standing.reaped
    )
    if story.told.whole is not None:
        return _by_history(story.told.whole, answered, story.dialled)
    if standing.talking or standing.ringing:
        return "talking" if standing.talking else "ringing"
    if answered or not story.legs.tracks:
        return "answered" if answered else "other"
    return "no_end" if standing.reaped else _by_ended_legs(story, standing.settled)


def _by_history(whole: Message, answered: bool, dialled: bool) -> Outcome:
    # A whole with a Success in any of its parts is a Success: see `merge`.
    if answered:
        return "answered"
    return (OUTGOING if dialled else INCOMING).get(word(whole), "other")


def _by_ended_legs(story: Story, settled: bool) -> Outcome:
    if not settled:  # a sequential group pauses between two phones, a history may be on its way
        return "talking" if any(track.lifted for track in story.tracks) else "ringing"
    if not story.dialled:
        return "missed"
    # Only a history tells whether a dialled client answered; a hang-up without one says nothing.
    return "other" if any(track.completed_at is not None for track in story.tracks) else "cancelled"

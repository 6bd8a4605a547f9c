"""State = f(trail, now): from the pushes of a call to its row, its legs and its recordings."""

from collections.abc import Sequence

from app.services.tracking import fields, parts
from app.services.tracking.outcome import decide, look
from app.services.tracking.states import CallState
from app.services.tracking.story import read
from app.services.tracking.trail import Limits, Push
from app.services.tracking.who import login_of


def project(trail: Sequence[Push], now: int, limits: Limits) -> CallState:
    """The state of a call at `now` (epoch milliseconds) from all pushes of all its keys.

    The live state follows inbox order; a `final` one is the same for every order of arrival. Raises
    `EmptyTrail` for a trail without any event, history or rating, and nothing else.
    """
    story = read(trail)
    standing = look(story, now, limits)
    outcome = decide(story, standing)
    starts = fields.begun(story, limits)
    login = login_of(outcome, story, starts)
    numbers = fields.numbers(story, limits)

    wait_s, duration_s = fields.wait_s(outcome, story), fields.duration_s(outcome, story)
    started_at = fields.started_at(story, starts)
    answered_at = fields.answered_at(outcome, story, started_at)
    lasted_s = (wait_s or 0) + duration_s if story.closed else 0
    ended_at = fields.ended_at(outcome, story, max(answered_at or started_at, started_at + 1000 * lasted_s))
    return CallState(
        direction="internal" if numbers.phone.kind == "internal" else story.side,
        outcome=outcome,
        login=login,
        phone=numbers.phone,
        phone_raw=numbers.phone_raw,
        via=numbers.via,
        via_raw=numbers.via_raw,
        started_at=started_at,
        answered_at=answered_at,
        ended_at=ended_at,
        wait_s=wait_s,
        duration_s=duration_s,
        status=story.told.whole.status if story.told.whole is not None else None,
        rating=fields.newest(push.message.rating for push in story.pushes),
        missed_status=fields.newest(push.message.missed_status for push in story.pushes),
        recordings=parts.recordings(story),
        legs=parts.legs(story, standing, parts.Row(outcome, login, ended_at)),
        flags=tuple(sorted({flag for push in story.pushes for flag in push.message.flags})),
        due_at=standing.due_at,
        final=story.closed or (bool(story.legs.tracks) and standing.settled and not standing.reaped),
    )

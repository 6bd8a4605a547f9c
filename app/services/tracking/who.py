"""Whose call it was: the login of the row, always a person's or None."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.services.tracking.legs import RACE_MS, Track
from app.services.tracking.states import Outcome
from app.services.tracking.story import Story


class Talker(NamedTuple):
    """Somebody who talked, and what tells when, compared to the others."""

    depth: int
    told: bool  # by a history
    start_at: int
    heard_at: int
    login: str


def login_of(outcome: Outcome, story: Story, begun: Mapping[str | None, int]) -> str | None:
    """Answered: who talked, the last after a transfer; dialled: who dialled; else the only person rung."""
    if outcome == "answered":
        talker = last_talker(_talkers(story, begun))
        if talker is not None:
            return talker
    if story.dialled:
        return _dialler(story)
    if outcome == "talking":
        talking = last_talker(_by_event(track for track in story.people if track.ended_at is None))
        if talking is not None:
            return talking
    return _only_person(story)


def _talkers(story: Story, begun: Mapping[str | None, int]) -> list[Talker]:
    told = [
        Talker(report.depth, True, begun.get(report.login, 0), report.heard_at, report.login)
        for report in story.told.reports
        if report.login is not None and report.success
    ]
    return told if story.dialled else told + _by_event(story.people)


def _by_event(tracks: Iterable[Track]) -> list[Talker]:
    talkers = []
    for track in tracks:
        heard_at = track.completed_at if track.completed_at is not None else track.accepted_at
        if heard_at is not None:
            talkers.append(Talker(track.depth, False, 0, heard_at, track.login))
    return talkers


def last_talker(talkers: list[Talker]) -> str | None:
    """The last to talk: under the furthest key, by the PBX's clock, by receipt.

    Receipts within 2 s tell nothing, pushes race: among those the greater login, so that every order of
    arrival names the same person.
    """
    if not talkers:
        return None
    best = max(talker[:3] for talker in talkers)
    last = [talker for talker in talkers if talker[:3] == best]
    latest = max(talker.heard_at for talker in last)
    return max(talker.login for talker in last if latest - talker.heard_at < RACE_MS)


def _dialler(story: Story) -> str | None:
    named = [(report.depth, report.login) for report in story.told.reports if report.login is not None]
    if named:
        return min(named)[1]
    dialled = {track.login: track.dialled_at for track in story.people if track.dialled_at is not None}
    if not dialled:
        return _only_person(story)
    first = min(dialled.values())
    return min(login for login, at in dialled.items() if at - first < RACE_MS)


def _only_person(story: Story) -> str | None:
    involved = {track.login for track in story.people}
    involved |= {report.login for report in story.told.reports if report.login is not None}
    return involved.pop() if len(involved) == 1 else None

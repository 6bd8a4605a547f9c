"""The parts of a call beside its row: each person's leg, each talk's recording."""

from typing import NamedTuple

from app.services.tracking.histories import Report
from app.services.tracking.legs import RINGING, TALKING, Track, seconds
from app.services.tracking.outcome import Standing
from app.services.tracking.states import Leg, LegResult, Outcome, Recording
from app.services.tracking.story import Story


class Row(NamedTuple):
    """What the legs must know of the decided row."""

    outcome: Outcome
    login: str | None
    ended_at: int | None


def legs(story: Story, standing: Standing, row: Row) -> tuple[Leg, ...]:
    """The people's legs in the order in which they were heard of; the switch and groups have none."""
    told = {report.login: report for report in story.told.reports if report.login is not None}
    tracks = story.people
    known = {track.login for track in tracks}
    tracks += [Track(login) for login in told if login not in known]
    return tuple(_leg(track, told.get(track.login), story, standing, row) for track in tracks)


def _leg(track: Track, report: Report | None, story: Story, standing: Standing, row: Row) -> Leg:
    over = story.closed or track.login in standing.ends
    talked = _talked(track, report, story.dialled, row)
    return Leg(
        login=track.login,
        state="over" if over else "talking" if track.rank == TALKING else "ringing",
        rang_at=track.rang_at,
        answered_at=track.accepted_at,
        ended_at=standing.ends.get(track.login, row.ended_at) if over else None,
        wait_s=_wait_s(track, standing),
        duration_s=_duration_s(track, report) if over and talked else 0,
        result=_result(track, talked, standing, row) if over else None,
        ext=(report and report.said.ext) or track.ext,
        group=(report and report.said.group) or track.group,
    )


def _talked(track: Track, report: Report | None, dialled: bool, row: Row) -> bool:
    if row.outcome == "answered" and track.login == row.login:
        return True
    return (report is not None and report.success) or (track.lifted and not dialled)


def _result(track: Track, talked: bool, standing: Standing, row: Row) -> LegResult:
    if track.login in standing.reaped:
        return "no_end"
    if talked:
        return "answered"
    return "missed" if row.outcome == "missed" else "cancelled"


def _wait_s(track: Track, standing: Standing) -> int | None:
    if track.rang_at is None:
        return None
    if track.rank != RINGING:
        return seconds(track.rung_ms)
    if track.login in standing.reaped or track.login not in standing.ends:
        return None
    return seconds(track.rung_ms + standing.ends[track.login] - track.raised_at)


def _duration_s(track: Track, report: Report | None) -> int:
    if report is not None and not report.silent and report.said.duration is not None:
        return report.said.duration
    return track.talk_s


def recordings(story: Story) -> tuple[Recording, ...]:
    """One recording for each login whose histories hold a link, sorted by login."""
    found = {report.said.link: report.login for report in story.told.reports if report.said.link}
    return tuple(Recording(login, link) for link, login in found.items())

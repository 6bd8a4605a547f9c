"""The feed's pulse: is it improbable that the PBX has been silent for so long?

Nobody hears a feed die: one was dead for 94 days. What is usual is learnt from the counts of calls of eight
weeks before the last push, by weekday and hour of the company's clock, so that nights and weekends are
quiet by themselves. Calls arrive by Poisson's law: where `n` are usual, none at all has the probability e^-n.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from app.models import Call, CallHour, Push
from app.services import inbox
from app.services.inbox import RefusalRow

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
STEP_MS = HOUR_MS // 4  # zones differ from UTC by quarters of an hour

LEARN_MS = 56 * DAY_MS
LEAST_MS = 14 * DAY_MS  # less history than this is no history
IMPROBABLE = 1e-4
ENOUGH = -math.log(IMPROBABLE)  # so many calls are usual where none at all is improbable
LEAST_SILENCE_MS = 5 * 60_000  # where calls come every second, the PBX may restart
LONGEST_MS = 14 * DAY_MS  # looking further back changes no verdict

ADDRESSES_SHOWN = 3

Usual = Mapping[tuple[int, int], float]  # weekday (Monday is 0) and hour → calls an hour


@dataclass(frozen=True, slots=True)
class Beat:
    """How the feed stands. `last_at`: the last push that was accepted (epoch ms), None before the first.

    While it is `silent`: `usual` calls would have come meanwhile; `wrong_keys` and `not_understood` are
    the pushes since then that were refused.
    """

    silent: bool = False
    last_at: int | None = None
    usual: float = field(default=0.0, compare=False)
    wrong_keys: tuple[RefusalRow, ...] = ()
    not_understood: int = 0


class Pulse:
    """What this process knows of the feed; `beat` is as of the last look."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._usual: Usual = {}
        self._learnt_for: int | None = None
        self.beat = Beat()

    def look(self, conn: Connection, now: int) -> bool:
        """Look again: one row is read, more once an hour. True when what pages say of it has changed."""
        before, self.beat = self.beat, self._beat(conn, now)
        return (before.silent or self.beat.silent) and before != self.beat

    def _beat(self, conn: Connection, now: int) -> Beat:
        last_at = last_sign(conn)
        if last_at is None:
            return Beat()
        if self._learnt_for != last_at // HOUR_MS:
            self._usual, self._learnt_for = learn(conn, self._zone, last_at), last_at // HOUR_MS
        usual = expected(self._usual, self._zone, last_at, now)
        if usual < ENOUGH or now - last_at < LEAST_SILENCE_MS:
            return Beat(last_at=last_at, usual=usual)
        keys = tuple(row for row in inbox.refusals(conn, ADDRESSES_SHOWN) if row.last_at > last_at)
        return Beat(True, last_at, usual, keys, _not_understood(conn, last_at))


def last_sign(conn: Connection) -> int | None:
    """When the PBX last pushed something we took (epoch ms); what we pulled ourselves is no sign of it.

    Where retention has removed every push, the last call stands for them.
    """
    heard = select(Push.received_at).where(Push.state != "refused", Push.source != "history")
    last_at = conn.scalar(heard.order_by(Push.id.desc()).limit(1))
    return last_at if last_at is not None else conn.scalar(select(func.max(Call.started_at)))


def learn(conn: Connection, zone: ZoneInfo, until: int) -> Usual:
    """Calls an hour by weekday and hour before `until`; nothing when two weeks of calls are not known.

    A week without calls is added to those that were seen, so that a short history claims less.
    """
    since = until - LEARN_MS
    query = select(CallHour.hour, func.sum(CallHour.calls)).group_by(CallHour.hour)
    rows = conn.execute(query.where(CallHour.hour.between(_label(since, zone), _label(until, zone)))).all()
    seen: dict[tuple[int, int], int] = defaultdict(int)
    first = until
    for label, calls in rows:
        local = datetime.strptime(label, "%Y-%m-%dT%H").replace(tzinfo=zone)
        seen[local.weekday(), local.hour] += calls
        first = min(first, int(local.timestamp() * 1000))
    if until - first < LEAST_MS:
        return {}
    weeks = (until - first) / (7 * DAY_MS) + 1
    return {slot: calls / weeks for slot, calls in seen.items()}


def expected(usual: Usual, zone: ZoneInfo, since: int, now: int) -> float:
    """How many calls usually begin between two instants (epoch ms); beyond two weeks nothing is added."""
    if not usual:
        return 0.0
    total, at = 0.0, max(since, now - LONGEST_MS)
    while at < now:
        end = min(now, (at // STEP_MS + 1) * STEP_MS)
        local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
        total += usual.get((local.weekday(), local.hour), 0.0) * (end - at) / HOUR_MS
        at = end
    return total


def _label(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime("%Y-%m-%dT%H")


def _not_understood(conn: Connection, since: int) -> int:
    query = select(func.count()).where(Push.state == "refused", Push.received_at > since)
    return int(conn.scalar(query) or 0)

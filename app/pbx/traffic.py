"""A believable day of the sample company: who calls when, who lifts, who is missed. Same seed, same day."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from app.pbx.company import CLIENTS, DIDS, PEOPLE, STRANGERS, Did
from app.pbx.fake import FakePbx
from app.pbx.script import Call, Step

Kind = Literal["answered", "group", "missed", "transferred", "withheld", "outgoing", "busy", "unavailable"]

# How often each happens, out of a hundred.
_KINDS: dict[Kind, int] = {
    "answered": 30,
    "group": 22,
    "missed": 12,
    "transferred": 5,
    "withheld": 3,
    "outgoing": 20,
    "busy": 5,
    "unavailable": 3,
}

# Calls begin within each local hour from 9 to 19, in these shares.
_HOURS = {9: 5, 10: 9, 11: 11, 12: 9, 13: 6, 14: 8, 15: 9, 16: 8, 17: 6, 18: 3}

_REAL_TALK_S = (15, 45, 80, 140, 260, 420)
_LIVE_TALK_S = (8, 12, 18, 25, 40)


@dataclass(frozen=True, slots=True)
class Plan:
    """One call to come. `people` are those who ring, or the one who dials; the first lifts."""

    kind: Kind
    phone: str
    did: Did
    people: tuple[str, ...]
    ring_s: int
    talk_s: int

    @property
    def incoming(self) -> bool:
        return self.kind not in ("outgoing", "busy", "unavailable")

    @property
    def lasts_s(self) -> int:
        """How long its people are taken, with a breath after it."""
        return self.ring_s + self.talk_s + 20

    def steps(self, call: Call) -> list[Step]:
        """The pushes of this plan, under a given callid and beginning."""
        first, ring_s, talk_s = self.people[0], self.ring_s, self.talk_s
        if self.kind == "transferred":
            return call.transferred(first, self.people[1], ring_s=ring_s, talk_s=talk_s)
        if self.kind == "missed":
            return call.incoming(self.people, answered_by=None, ring_s=ring_s * 3)
        if self.incoming:
            return call.incoming(self.people, answered_by=first, ring_s=ring_s, talk_s=talk_s)
        statuses = {"busy": "Busy", "unavailable": "NotAvailable"}
        status = statuses.get(self.kind, "Success")
        return call.outgoing(first, status=status, ring_s=ring_s, talk_s=talk_s)


class PastPush(NamedTuple):
    """A push of a past day; `at` is epoch ms of its receipt. The form lacks the key."""

    at: int
    form: dict[str, str]


class Dice:
    """Draws calls; the same seed draws the same."""

    def __init__(self, seed: int, talks_s: tuple[int, ...]) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a play, not a secret
        self._talks_s = talks_s
        self._free_at_s = dict.fromkeys((account.name for account in PEOPLE), 0.0)

    def plan(self, now_s: float) -> Plan | None:
        """The next call among those who are free then; None when too few are at the number drawn.

        Whoever takes part is taken until it ends. `now_s`: seconds on any clock that only goes forward.
        """
        pick = self._random
        kind = pick.choices(list(_KINDS), list(_KINDS.values()))[0]
        did = pick.choices(DIDS, (8, 6, 4, 3))[0]
        phone = "anonymous" if kind == "withheld" else self._caller()
        ring_s, talk_s = pick.randint(3, 14), pick.choice(self._talks_s) + pick.randint(0, 9)
        free = [login for login in did.logins if self._free_at_s[login] <= now_s]
        pick.shuffle(free)
        wanted = {"group": 4, "missed": 2, "transferred": 2}.get(kind, 1)
        if len(free) < min(wanted, 2):
            return None
        plan = Plan(kind, phone, did, tuple(free[:wanted]), ring_s, talk_s)
        self._free_at_s |= dict.fromkeys(plan.people, now_s + plan.lasts_s)
        return plan

    def _caller(self) -> str:
        if self._random.random() < 0.7:
            return self._random.choice(CLIENTS).phone
        return self._random.choice(STRANGERS)

    def began_at(self, midnight: datetime) -> int:
        """A moment of that working day, epoch ms."""
        hour = self._random.choices(list(_HOURS), list(_HOURS.values()))[0]
        moment = midnight.replace(hour=hour) + timedelta(seconds=self._random.randrange(3600))
        return int(moment.timestamp() * 1000)

    def callid(self) -> str:
        return f"{self._random.getrandbits(80):020X}-{self._random.randint(1000, 9999)}"


def live_traffic(
    pbx: FakePbx, stop: threading.Event, *, seed: int = 1, every_s: float = 4.0, until: int | None = None
) -> int:
    """Start a call every few seconds until `stop` is set (or `until` calls were). Returns how many."""
    dice = Dice(seed, _LIVE_TALK_S)
    clock_s, started = 0.0, 0
    while not stop.is_set() and (until is None or started < until):
        plan = dice.plan(clock_s)
        if plan is not None:
            _start(pbx, plan)
            started += 1
        clock_s += every_s
        stop.wait(every_s / pbx.calls.speed)
    return started


def _start(pbx: FakePbx, plan: Plan) -> None:
    if plan.kind == "answered":  # one person's call: the CRM may route it to its responsible
        pbx.ring(
            plan.phone,
            plan.did.number,
            plan.people,
            answered_by=plan.people[0],
            ring_s=plan.ring_s,
            talk_s=plan.talk_s,
        )
        return
    call = pbx.new_call(plan.phone, plan.did.number if plan.incoming else None)

    def script() -> list[Step]:
        if plan.incoming:
            pbx.ask_contact(call)
        return plan.steps(call)

    pbx.calls.run(script)


def backlog(
    days: int,
    now: int,
    *,
    seed: int = 1,
    zone: ZoneInfo,
    calls_a_day: int = 120,
    record_base: str | None = None,
) -> list[PastPush]:
    """The pushes of the past `days` days and of today up to `now` (epoch ms), in order of receipt.

    Only whole calls: none is still running at `now`. Saturdays and Sundays have a fifth of the calls.
    `record_base`: the built-in PBX's own address, when it is there to serve the recordings.
    """
    dice = Dice(seed, _REAL_TALK_S)
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    pushes: list[PastPush] = []
    for age in range(days, -1, -1):
        day = midnight - timedelta(days=age)
        count = calls_a_day if day.weekday() < 5 else calls_a_day // 5
        for call in _day(dice, day, count, record_base):
            if call[-1].at < now:
                pushes += call
    return sorted(pushes, key=lambda push: push.at)


def _day(dice: Dice, midnight: datetime, count: int, record_base: str | None) -> Iterator[list[PastPush]]:
    people = {account.name: account for account in PEOPLE}
    for began_at in sorted(dice.began_at(midnight) for _ in range(count)):
        plan = dice.plan(began_at / 1000)
        if plan is None:
            continue
        did = plan.did.number if plan.incoming else None
        group = plan.did.group if plan.incoming else None
        call = Call(dice.callid(), plan.phone, began_at, did, group, people, record_base)
        yield [PastPush(began_at + int(step.after_s * 1000), step.form) for step in plan.steps(call)]

"""What a PBX pushes about one call, written down before it happens. Pure: the same call, the same steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.pbx.replies import Account
from app.pbx.times import compact

# A PBX needs a moment after hang-up to close the call's record (1-6 s live).
HISTORY_LAG_S = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One push of a call, `after_s` seconds after the call began."""

    after_s: float
    form: dict[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls whom; writes the steps of that call. `began_at` is epoch ms."""

    callid: str
    phone: str
    began_at: int
    did: str | None = None
    group: str | None = None
    people: Mapping[str, Account] = field(default_factory=dict)
    record_base: str | None = None

    def incoming(
        self,
        logins: Sequence[str],
        *,
        answered_by: str | None,
        ring_s: float = 6,
        talk_s: int = 20,
        history: bool = True,
    ) -> list[Step]:
        """All of `logins` ring at once; one lifts, or nobody does.

        Without `history` an unanswered call ends in silence, as the specification has it (4.1.1).
        """
        steps = [self._event(0, "INCOMING", login) for login in logins]
        steps += [self._event(ring_s, "CANCELLED", login) for login in logins if login != answered_by]
        if answered_by is None:
            lost = {"user": "pbx", "status": "missed", "duration": str(round(ring_s))}
            return steps + ([self._history(ring_s + HISTORY_LAG_S, "in", lost, ring_s)] if history else [])
        over = ring_s + talk_s
        steps.append(self._event(ring_s, "ACCEPTED", answered_by))
        steps.append(self._event(over, "COMPLETED", answered_by))
        steps.append(self._talk(over + HISTORY_LAG_S, "in", answered_by, talk_s, ring_s))
        return steps

    def transferred(self, first: str, second: str, *, ring_s: float = 5, talk_s: int = 30) -> list[Step]:
        """`first` answers and hands over to `second`, whose part runs under a callid of its own."""
        handed, lifted = ring_s + 8, ring_s + 12
        other = Call(
            self.callid + "T",
            self.phone,
            self.began_at,
            self.did,
            self.group,
            self.people,
            self.record_base,
        )
        over = lifted + talk_s
        return [
            self._event(0, "INCOMING", first),
            self._event(ring_s, "ACCEPTED", first),
            self._event(handed, "TRANSFERRED", first, second_callid=other.callid),
            other._event(handed, "INCOMING", second),
            self._event(lifted, "COMPLETED", first),
            other._event(lifted, "ACCEPTED", second),
            other._event(over, "COMPLETED", second),
            other._talk(over + HISTORY_LAG_S, "in", second, talk_s, ring_s),
        ]

    def outgoing(
        self, login: str, *, status: str = "Success", ring_s: float = 6, talk_s: int = 20
    ) -> list[Step]:
        """`login` calls out. The status is history's: Success, Busy, NotAvailable, NotAllowed, Cancel."""
        steps = [self._event(0, "OUTGOING", login, direction="out")]
        if status != "Success":
            end = {"user": login, "status": status, "duration": "0"}
            steps.append(self._event(ring_s, "CANCELLED", login, direction="out"))
            return [*steps, self._history(ring_s + HISTORY_LAG_S, "out", end, ring_s)]
        over = ring_s + talk_s
        return [
            *steps,
            self._event(ring_s, "ACCEPTED", login, direction="out"),
            self._event(over, "COMPLETED", login, direction="out"),
            self._talk(over + HISTORY_LAG_S, "out", login, talk_s, ring_s),
        ]

    def _event(self, after_s: float, kind: str, login: str, **more: str) -> Step:
        form = {"cmd": "event", "type": kind, "user": login, "direction": "in"}
        return Step(after_s, self._about(login) | form | more)

    def _talk(self, after_s: float, kind: str, login: str, talk_s: int, ring_s: float) -> Step:
        talk = {"user": login, "status": "Success", "duration": str(talk_s)}
        if self.record_base:
            talk["link"] = self._link(login, kind, talk_s)
        return self._history(after_s, kind, talk, ring_s)

    def _history(self, after_s: float, kind: str, more: dict[str, str], ring_s: float) -> Step:
        form = {"cmd": "history", "type": kind, "start": compact(self.began_at), "wait": str(round(ring_s))}
        return Step(after_s, self._about(more["user"]) | form | more)

    def _about(self, login: str) -> dict[str, str]:
        """What every push of the call says, and about this person."""
        person = self.people.get(login)
        known = {
            "callid": self.callid,
            "phone": self.phone,
            "diversion": self.did,
            "groupRealName": self.group,
            "ext": person and person.ext,
            "telnum": person and person.telnum,
        }
        return {name: value for name, value in known.items() if value}

    def _link(self, login: str, kind: str, talk_s: int) -> str:
        """An address shaped as real PBXs shape it; its last four figures tell our server how long to talk."""
        began = datetime.fromtimestamp(self.began_at / 1000, UTC)
        name = f"{login}_{kind}_{began:%Y_%m_%d-%H_%M_%S}_{self.phone.lstrip('+')}_{talk_s:04x}.wav"
        return f"{self.record_base}/record/demo/{began:%Y-%m-%d}/{self.callid}/{name}"

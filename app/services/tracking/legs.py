"""The legs of a call: what each login's phone did, by the events in inbox order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.pbx.message import Message
from app.services.tracking.trail import Push

NEW, RINGING, TALKING, OVER = range(4)
RAISES_TO = {
    "INCOMING": RINGING,
    "OUTGOING": RINGING,
    "ACCEPTED": TALKING,
    "COMPLETED": OVER,
    "CANCELLED": OVER,
}
RACE_MS = 2000  # pushes race: receipts closer than this tell no order


@dataclass(slots=True)
class Track:
    """One login's way through a call while the trail is read. Instants are receipts.

    `rang_at`, `accepted_at`, `completed_at` are facts: the earliest receipt, whatever the order.
    `rank`, `raised_at`, `ended_at` follow inbox order: a push may only raise a leg.
    """

    login: str  # empty for events that name nobody
    rank: int = NEW
    raised_at: int = 0
    opened: int = 0  # the place in the trail of the push that opened the present ring
    depth: int = 0  # the furthest key under which this login talked
    rang_at: int | None = None
    accepted_at: int | None = None
    completed_at: int | None = None
    cancelled_at: int | None = None  # in the present ring
    cancels: list[int] = field(default_factory=list)  # of every ring
    dialled_at: int | None = None
    last_ring: Message | None = None
    last_ring_at: int = 0
    ended_at: int | None = None
    rung_ms: int = 0
    ext: str | None = None
    group: str | None = None

    @property
    def lifted(self) -> bool:
        """Whether this phone was picked up at some time, whatever was heard first."""
        return self.accepted_at is not None or self.completed_at is not None

    @property
    def talk_s(self) -> int:
        """Seconds between pick-up and hang-up by our clock; 0 when one of them was not heard.

        Of receipts alone, so that it is the same for every order in the inbox.
        """
        if self.accepted_at is None:
            return 0
        if self.completed_at is not None:
            return seconds(self.completed_at - self.accepted_at)
        later = [at for at in self.cancels if at >= self.accepted_at]
        return seconds(min(later) - self.accepted_at) if later else 0

    def hear(self, place: int, at: int, message: Message) -> None:
        """Take one event in: raise the leg, or keep it as it is."""
        kind = message.type or ""
        rank = RAISES_TO[kind]
        if rank > self.rank or (kind == "INCOMING" and self._rings_again(at, message)):
            self._raise(rank, place, at)
        self._note(kind, at)
        if rank == RINGING:
            self.last_ring, self.last_ring_at = message, at
        self.ext = self.ext or message.ext
        self.group = self.group or message.group

    def _rings_again(self, at: int, message: Message) -> bool:
        # A late or repeated INCOMING must not ring: only one that comes clearly after the ring's end does.
        if self.rank != OVER or self.rang_at is None or self.cancelled_at is None:
            return False
        repeated = at - self.last_ring_at < RACE_MS and message == self.last_ring
        return at - self.cancelled_at >= RACE_MS and not repeated

    def _raise(self, rank: int, place: int, at: int) -> None:
        if self.rank == RINGING:
            self.rung_ms += max(0, at - self.raised_at)
        if rank == RINGING:
            self.opened = place
            self.cancelled_at = None
        self.rank = rank
        self.raised_at = at
        self.ended_at = at if rank == OVER else None

    def _note(self, kind: str, at: int) -> None:
        if kind == "ACCEPTED":
            self.accepted_at = earliest(self.accepted_at, at)
        elif kind == "COMPLETED":
            self.completed_at = earliest(self.completed_at, at)
        elif kind == "CANCELLED":
            self.cancelled_at = at if self.cancelled_at is None else self.cancelled_at
            self.cancels.append(at)
        else:
            self.rang_at = earliest(self.rang_at, at)
            if kind == "OUTGOING":
                self.dialled_at = earliest(self.dialled_at, at)


@dataclass(slots=True)
class Legs:
    """All legs of a call, and the latest pick-up: it stops the other phones."""

    tracks: dict[str, Track]
    picked_up: int = -1  # place in the trail
    picked_up_at: int = 0

    @property
    def any_dialled(self) -> bool:
        """Whether somebody's phone said that it calls out."""
        return any(track.dialled_at is not None for track in self.tracks.values())

    def beaten(self, track: Track) -> bool:
        """Whether somebody else picked up while this phone rang; its own CANCELLED may come later."""
        return track.rank == RINGING and track.opened < self.picked_up


def read_legs(pushes: Iterable[Push], depth: dict[str, int]) -> Legs:
    """Play the events of a trail in inbox order; events of unknown types move no leg."""
    legs = Legs({})
    for place, push in enumerate(pushes):
        message = push.message
        if message.cmd != "event" or message.type not in RAISES_TO:
            continue
        login = message.user or ""
        track = legs.tracks.get(login)
        if track is None:
            track = legs.tracks[login] = Track(login)
        before = track.rank
        track.hear(place, push.received_at, message)
        if before < TALKING <= track.rank and message.type != "CANCELLED":
            _pick_up(legs, place, push.received_at, message.type == "ACCEPTED")
        if depth and message.type in ("ACCEPTED", "COMPLETED"):
            track.depth = max(track.depth, depth.get(message.callid, 0))
    return legs


def _pick_up(legs: Legs, place: int, at: int, accepted: bool) -> None:
    # A COMPLETED whose ACCEPTED was lost proves a pick-up of some earlier time: it stops only what rang
    # before anybody is known to have talked, never the ring of a transfer.
    if accepted or legs.picked_up < 0:
        legs.picked_up, legs.picked_up_at = place, at


def earliest(known: int | None, at: int) -> int:
    """The smaller of two instants, the first of which may be unknown."""
    return at if known is None or at < known else known


def seconds(milliseconds: int) -> int:
    """Whole seconds, rounded, never negative: a clock may have been set back in between."""
    return max(0, (milliseconds + 500) // 1000)

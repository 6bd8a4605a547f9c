"""A trail, read once: what its events and histories say before time and outcome come in."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from app.pbx.message import Message, is_person
from app.services.tracking.histories import Told, tell
from app.services.tracking.legs import Legs, Track, read_legs
from app.services.tracking.states import Direction
from app.services.tracking.trail import Push, depths, in_inbox_order

DIRECTIONS = ("in", "out", "internal")


class Story(NamedTuple):
    """The pushes of a call in order, and what was made of them.

    `depth` is the number of transfers before each joined key. `dialled`: somebody here called, so that
    a lifted phone may be the caller's own and only a history tells how it went.
    """

    pushes: Sequence[Push]
    depth: dict[str, int]
    legs: Legs
    told: Told
    side: Direction
    dialled: bool

    @property
    def tracks(self) -> Iterable[Track]:
        """The legs of everybody, the switch and groups too."""
        return self.legs.tracks.values()

    @property
    def people(self) -> list[Track]:
        """The legs that are a person's, in the order in which they were first heard of."""
        return [track for track in self.tracks if is_person(track.login)]

    @property
    def closed(self) -> bool:
        """Whether a history has closed the call: nothing rings or talks any more."""
        return self.told.whole is not None

    def beaten(self, track: Track) -> bool:
        """Whether this phone rang in vain because somebody else answered."""
        return not self.dialled and self.legs.beaten(track)


def read(trail: Sequence[Push]) -> Story:
    """Read a trail. Raises `EmptyTrail`."""
    pushes = in_inbox_order(trail)
    depth = depths(pushes)
    legs = read_legs(pushes, depth)
    told = tell([push for push in pushes if push.message.cmd == "history"], depth)
    side = _side(pushes, depth)
    dialled = side == "out" or (side == "internal" and legs.any_dialled)
    return Story(pushes, depth, legs, told, side, dialled)


def _side(pushes: Iterable[Push], depth: dict[str, int]) -> Direction:
    """The direction as the pushes name it: those of the client's own key before those of a transfer."""
    best = (-len(depth) - 1, 0, "in")
    for push in pushes:
        weight, named = _evidence(push.message)
        if named is not None:
            best = max(best, (-depth.get(push.message.callid, 0), weight, named))
    return cast(Direction, best[2])


def _evidence(message: Message) -> tuple[int, str | None]:
    """How much this push may say about the direction, and what it says."""
    if message.cmd == "history" and message.type in DIRECTIONS:
        return 3, message.type
    if message.direction in DIRECTIONS:
        return 2, message.direction
    if message.cmd == "event" and message.type in ("OUTGOING", "INCOMING"):
        return (1, "out") if message.type == "OUTGOING" else (0, "in")
    return 0, None

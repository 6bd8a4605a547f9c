"""What every row needs: how much of everything, the load generator, companies, a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench.company import Company, found, owners
from tests.bench.loading import Figures, Load
from tests.bench.table import Line

SUPERVISORS = 4


@dataclass(frozen=True)
class Size:
    """How much of everything. `people` get the calls; the company has one agent more, for the browser."""

    tabs: int = 300
    boards: int = 20
    pushes_per_s: float = 100
    seconds: float = 25
    pops: int = 70
    rush_s: float = 5
    crowd: int = 2000  # tabs of agents, when screen pops are measured
    pops_per_s: tuple[int, ...] = (500, 1000)
    pops_s: float = 12
    contacts_s: float = 6
    events_per_s: float = 1000  # while contacts are asked for
    fanout: int = 5000
    publications: int = 20
    flood_tabs: int = 2000
    flood_per_s: float = 100
    flood_s: float = 5
    frozen: tuple[tuple[int, int, float], ...] = ((20, 1, 50), (1000, 50, 50))  # tabs, frozen, pushes/s
    frozen_after_s: float = 8
    frozen_for_s: float = 12
    returning: int = 1000
    returning_s: float = 15
    cycles: int = 10_000
    soak_s: float = 180
    soak_per_s: float = 100
    burst_s: float = 20

    @property
    def people(self) -> int:
        return users_of(self.tabs - self.boards)


SMALL = Size(
    tabs=20,
    boards=4,
    pushes_per_s=20,
    seconds=3,
    pops=4,
    rush_s=1,
    crowd=30,
    pops_per_s=(60, 120),
    pops_s=1,
    contacts_s=1,
    events_per_s=50,
    fanout=50,
    publications=4,
    flood_tabs=20,
    flood_per_s=20,
    flood_s=1,
    frozen=((6, 1, 150), (10, 2, 150)),
    frozen_after_s=1,
    frozen_for_s=4,
    returning=20,
    returning_s=3,
    cycles=100,
    soak_s=3,
    soak_per_s=20,
    burst_s=2,
)


def users_of(tabs: int) -> int:
    """How many people have so many tabs."""
    return max(owners(tabs)) + 1


@dataclass(frozen=True)
class Bench:
    """What every row needs."""

    load: Load
    folder: Path  # of the run: each row leaves its files here, the next one overwrites them
    parts: Path  # where peers that had to be installed are
    size: Size
    _companies: dict[int, Company] = field(default_factory=dict)

    def company(self, agents: int) -> Company:
        """A company with so many agents, founded when it is asked for first."""
        if agents not in self._companies:
            folder = self.folder / f"company-{agents}"
            self._companies[agents] = found(folder, agents, SUPERVISORS)
        return self._companies[agents]

    def office(self) -> Company:
        """The company of the ordinary day."""
        return self.company(self.size.people + 1)


Results = Mapping[str, Sequence[Figures]]  # piece → its rounds; what was skipped is not there


@dataclass(frozen=True)
class Theme:
    """Rows of the table that belong together.

    `pieces`: what is measured, each as one round of it; "ours" is always among them, peers have their names.
    """

    name: str
    pieces: Mapping[str, Callable[[Bench], Figures]]
    lines: Callable[[Size, Results], list[Line]]
    rounds: int = 1000  # at most so many: what takes long

    def alone(self) -> Theme:
        """Without the peers."""
        return replace(
            self, pieces={name: self.pieces[name] for name in self.pieces if name.startswith("ours")}
        )

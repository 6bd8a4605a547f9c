"""What is wrong with this server itself, told cheaply: no write, and no database."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from app.services import spool
from app.services.outage import Outage
from app.services.spool import Waiting
from app.services.writer import Writer

LITTLE_DISK = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """How the storage stands. `free`: bytes of disk left; `outage`: why the last write failed, if it did."""

    free: int
    outage: Outage | None
    waiting: Waiting | None

    @property
    def is_disk_low(self) -> bool:
        """Whether pushes may soon find no room."""
        return self.free < LITTLE_DISK

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to tell."""
        return self.outage is None and self.waiting is None and not self.is_disk_low


def look(data_dir: Path, writer: Writer) -> Health:
    """The state at this moment, of this process and its disk."""
    return Health(shutil.disk_usage(data_dir).free, writer.outage, spool.waiting(data_dir / "spool"))

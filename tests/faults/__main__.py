"""`make faults`: every fault at full size, as processes that run beside each other.

An hour without the PBX only waits, and most of the others wait, too: beside them there is time for those that
need the processor. Each writes to a file of its own under build/faults.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "build" / "faults"
HERE = Path("tests/faults")
TOLD_EVERY_S = 300

HOUR = "test_pbx_away.py"
BUSY = ("test_any_sequence.py", "test_garbage.py", "test_order.py", "test_rebuild.py", "test_race.py")


class Part(NamedTuple):
    """Tests that run one after another: a name for the log, and what pytest is asked for."""

    name: str
    args: tuple[str, ...]


def parts(*, hour: bool) -> list[Part]:
    """All tests of this folder, divided; what is not named elsewhere is waited for."""
    away = [Part(f"away-{way}", (str(HERE / HOUR), "-k", way)) for way in ("silent", "dead")]
    others = [f"--ignore={HERE / name}" for name in (HOUR, *BUSY)]
    busy = Part("busy", tuple(str(HERE / name) for name in BUSY))
    return [*(away if hour else []), Part("waiting", (str(HERE), *others)), busy]


def start(part: Part) -> subprocess.Popen[bytes]:
    """Run a part's tests; `-s`, since they print their figures."""
    command = [sys.executable, "-m", "pytest", "-s", "-v", "-p", "no:cacheprovider", *part.args]
    with log_of(part).open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PULT_FAULTS": "full"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def log_of(part: Part) -> Path:
    return LOGS / f"{part.name}.log"


def report(part: Part, failed: bool) -> None:
    """The last line of a part that went well, the end of the log of one that did not."""
    lines = log_of(part).read_text(errors="replace").splitlines()
    print(f"{part.name}: {lines[-1] if lines else 'nothing'}", flush=True)
    if failed:
        print("\n".join(lines[-60:]), flush=True)


def main(*, hour: bool) -> int:
    """Run all parts; returns 1 when one has failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    began, told, failed = time.monotonic(), 0.0, False
    running = {part: start(part) for part in parts(hour=hour)}
    print(f"{len(running)} parts run beside each other; what they say: {LOGS.relative_to(ROOT)}/", flush=True)
    try:
        while running:
            for part, process in list(running.items()):
                if process.poll() is not None:
                    del running[part]
                    failed |= process.returncode != 0
                    report(part, process.returncode != 0)
            if (passed := time.monotonic() - began) - told > TOLD_EVERY_S and running:
                told = passed
                print(f"{passed / 60:.0f} min: {', '.join(part.name for part in running)}", flush=True)
            time.sleep(1)
    finally:
        for process in running.values():
            process.terminate()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(hour="--no-hour" not in sys.argv))

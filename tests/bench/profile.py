"""Where the worker's time goes: py-spy's samples, charged to rooms and functions of ours."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

RATE = 200
FRAME = re.compile(r"^(?P<function>.+) \((?P<file>[^()]*?)(?::\d+)?\)$")
OURS = re.compile(r"(?:^|(?<!gunicorn)/)(app/\S+\.py)$")
PACKAGE = re.compile(r"(?:site-packages/)?([\w.]+)(?:/|$)")


# The loops of our threads: where one stands innermost, it waits for its queue.
THREADS = {
    "app/services/writer.py:Writer._run": "writer",
    "app/services/reader.py:Reader._run": "reader",
    "app/live/publisher.py:Publisher._run": "publisher",
    "app/live/loop.py:Loop.run": "hub",
    "app/jobs.py:Jobs._every": "jobs",
}
# Where else a thread that has nothing to do stands; py-spy cannot tell that it waits.
WAITING = {
    ("Hub.run", "gevent/hub.py"),
    ("acquire_with_timeout", "gevent/_threading.py"),
    ("EpollSelector.select", "selectors.py"),
    ("_ThreadSignal.wait", ".py"),
    ("_LoopSignal.wait", ".py"),
}


class Sample(NamedTuple):
    """A stack, outermost first, and how often it was seen."""

    thread: str
    stack: tuple[tuple[str, str], ...]  # (function, file)
    seen: int


class Shares(NamedTuple):
    """Percent of the samples in which something was done, the largest first.

    `busy`: how many threads were at work at once.
    """

    busy: float
    threads: list[tuple[str, float]]
    rooms: list[tuple[str, float]]
    own: list[tuple[str, float]]  # a function of ours with what it calls in libraries
    cumulative: list[tuple[str, float]]  # a function of ours with all it calls
    leaves: list[tuple[str, float]]  # by package of the innermost function


def record(pid: int, path: Path, seconds: float, work: Callable[[], object]) -> list[Sample]:
    """Sample a process while `work` runs. Raises CalledProcessError when it may not be looked at."""
    spy = Path(sys.executable).with_name("py-spy")
    command = [str(spy), "record", "--pid", str(pid), "--rate", str(RATE), "--duration", str(int(seconds))]
    command += ["--format", "raw", "--threads", "--output", str(path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        work()
        _, errors = process.communicate(timeout=seconds + 60)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    return [sample for line in path.read_text().splitlines() if (sample := read(line)) is not None]


def read(line: str) -> Sample | None:
    """One line of py-spy's raw format: `frame;frame;frame count`, the first of them the thread."""
    stack, _, count = line.rpartition(" ")
    first, *rest = stack.split(";")
    frames = tuple((found["function"], found["file"]) for part in rest if (found := FRAME.match(part)))
    return Sample(first, frames, int(count)) if frames else None


def shares(samples: list[Sample], seconds: float) -> Shares:
    """Add the samples up. Threads are named by what they run."""
    samples = [sample for sample in samples if not _waits(sample)]
    total = sum(sample.seen for sample in samples) or 1
    counts: list[Counter[str]] = [Counter() for _ in Shares._fields[1:]]
    for sample in samples:
        mine = [name for frame in sample.stack if (name := _our_name(frame))]
        innermost = mine[-1] if mine else "(server and libraries before they come to us)"
        counts[0][_thread(sample)] += sample.seen
        counts[1][_room(innermost)] += sample.seen
        counts[2][innermost] += sample.seen
        counts[3].update({name: sample.seen for name in dict.fromkeys(mine)})
        counts[4][_package(sample.stack[-1])] += sample.seen
    tables = ([(name, 100 * n / total) for name, n in count.most_common()] for count in counts)
    return Shares(total / RATE / seconds, *tables)


def _waits(sample: Sample) -> bool:
    function, file = sample.stack[-1]
    return _our_name(sample.stack[-1]) in THREADS or any(
        function == name and file.endswith(where) for name, where in WAITING
    )


def _our_name(frame: tuple[str, str]) -> str:
    found = OURS.search(frame[1])
    return f"{found[1]}:{frame[0]}" if found and "site-packages" not in frame[1] else ""


def _room(name: str) -> str:
    parts = name.split("/")
    return "/".join(parts[:2]).split(":")[0] if len(parts) > 1 else "outside"


def _thread(sample: Sample) -> str:
    mine = [name for frame in sample.stack if (name := _our_name(frame))]
    return next((THREADS[name] for name in mine[:3] if name in THREADS), "requests")


def _package(frame: tuple[str, str]) -> str:
    name = _our_name(frame)
    if name:
        return _room(name)
    found = PACKAGE.match(frame[1].split("site-packages/")[-1].lstrip("/"))
    return found[1] if found else frame[1]

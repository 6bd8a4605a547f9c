"""What the figures were measured on, and what the server's processes take."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("flask", "flask-sock", "sqlalchemy", "gunicorn", "gevent")


def describe() -> list[str]:
    """The machine, in a few lines."""
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])  # type: ignore[index]
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"{os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), {memory >> 20} GiB, "
        f"Linux {platform.release()}, {resource.getrlimit(resource.RLIMIT_NOFILE)[1]} descriptors",
        f"Python {sys.version.split()[0]}, {libraries}",
        ", ".join(filter(None, (_said("gcc", "--version"), _node(), _nginx()))),
    ]


def _node() -> str:
    return f"node {_said('node', '--version')}" if shutil.which("node") else ""


def _nginx() -> str:
    return _said("nginx", "-v").removeprefix("nginx version: ") if shutil.which("nginx") else ""


def _said(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else ""


def load_average() -> float:
    """How many processes wanted a core in the last minute."""
    return os.getloadavg()[0]


def descriptors() -> int:
    """How many files a process may open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def family(pid: int) -> list[int]:
    """A process and its descendants, the eldest first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def resident_mb(pid: int) -> float:
    """What a process holds in memory, shared pages included."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def proportional_mb(pids: list[int]) -> float:
    """What processes hold together: shared pages count once."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    found = [int(kib) for text in texts for kib in re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)]
    return sum(found) / 1024

"""The load generator: built from C on the spot, run as a process of its own, one line of JSON a run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Figures = dict[str, Any]
LONGEST_S = 3600


class Failed(RuntimeError):
    """A run that did not come to its end."""


def compile_c(program: Path, *sources: Path) -> Path:
    """Build a C program. Raises CalledProcessError."""
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), *map(str, sources), "-lm"]
    subprocess.run(command, check=True)
    return program


class Run:
    """A run under way; leaving its `with` ends it, if it has not ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def figures(self) -> Figures:
        """Wait for the end and return what was measured. Raises Failed."""
        with self:
            out, errors = self._process.communicate(timeout=LONGEST_S)
        if not out.startswith("{"):
            raise Failed(f"the load generator said: {errors or out or self._process.returncode}")
        found: Figures = json.loads(out)
        return found

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)


class Load:
    """Starts runs: `load.run("fanout", n=100, ws="ws://…")`; names and meanings are in load/main.c."""

    def __init__(self, folder: Path) -> None:
        self._program = compile_c(folder / "load", *sorted((HERE / "load").glob("*.c")))

    def start(self, mode: str, **options: Any) -> Run:
        """Begin a run."""
        command = [str(self._program), "--mode", mode]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        pipe = subprocess.PIPE
        return Run(subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True))

    def run(self, mode: str, **options: Any) -> Figures:
        """A whole run."""
        return self.start(mode, **options).figures()

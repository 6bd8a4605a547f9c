"""Parts that peers need and Pult does not: by name, into a folder that is kept between runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLS_WITHIN_S = 300


def node_module(parts: Path, name: str, version: str = "") -> Path | None:
    """The folder of node modules with this one of npm's in it; None when it cannot be had."""
    modules = parts / "node" / name / "node_modules"
    if not (modules / name).is_dir() and shutil.which("npm"):
        wanted = f"{name}@{version}" if version else name
        _try("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(modules.parent), wanted)
    return modules if (modules / name).is_dir() else None


def python_package(parts: Path, name: str) -> Path | None:
    """A folder for PYTHONPATH with this package in it; None when it cannot be had."""
    folder = parts / "python" / name
    if not folder.is_dir():
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        if _try(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(fresh), name):
            fresh.rename(folder)
    return folder if folder.is_dir() else None


def versions(parts: Path) -> list[str]:
    """What is installed, for the page."""
    found = []
    for folder in sorted(parts.glob("node/*")):
        about = folder / "node_modules" / folder.name / "package.json"
        if about.exists():
            found.append(f"{folder.name} {json.loads(about.read_text())['version']}")
    for folder in sorted(parts.glob("python/*")):
        pattern = f"{folder.name.replace('-', '_')}-*.dist-info"
        found += [f"{folder.name} {info.stem.partition('-')[2]}" for info in folder.glob(pattern)]
    return found


def _try(*command: str) -> bool:
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=INSTALLS_WITHIN_S)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0

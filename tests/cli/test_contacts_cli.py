"""`pult contacts import`, run as the operator runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.scene import Scene

PULT = "from app.cli import main; main()"


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def command(*args: str) -> list[str]:
    return [sys.executable, "-c", PULT, "contacts", "import", *args]


def run(environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **environment}
    args = tuple(command(*args))
    return subprocess.run(args, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_is_brought_in_beside_a_running_server(
    scene: Scene, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    rows = [f"Клиент {n},+7900000{n:04}" for n in range(450)]
    file.write_text("\n".join(["name,phones", *rows, "Без номера,101"]), encoding="utf-8")
    done = run(environment, str(file))
    assert done.returncode == 0, done.stderr
    assert "Contacts made: 450, changed: 0, as they were: 0, refused: 1" in done.stdout
    assert "row 452: not an outside number: 101" in done.stdout
    assert "400 of 451 rows" in done.stderr
    assert scene.contacts() == 450
    assert "made: 0, changed: 0, as they were: 450" in run(environment, str(file)).stdout


@pytest.mark.parametrize("content", ["", "just words", "name;company\nФёдор;Хлеб\n"])
def test_a_file_that_is_no_list_is_one_clear_line(
    scene: Scene, environment: dict[str, str], tmp_path: Path, content: str
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(content, encoding="utf-8")
    done = run(environment, str(file))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "name,phones,company,responsible" in done.stderr


def test_breaking_off_keeps_what_is_done(scene: Scene, environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    rows = [f"Клиент {n},+79{n:09}" for n in range(40_000)]
    file.write_text("\n".join(["name,phones", *rows]), encoding="utf-8")
    args = command(str(file))
    env = {**os.environ, **environment}
    with subprocess.Popen(
        args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped. Contacts made: " in said
    kept = scene.contacts()
    assert 0 < kept < 40_000
    assert kept % 200 == 0

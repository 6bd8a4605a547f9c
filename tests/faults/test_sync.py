"""What the kernel saw: every 200 on the wire comes after a sync of the file that holds the push."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Serve
from tests.faults.processes import children_of
from tests.faults.sending import FULL
from tests.serving import Served

PUSHES = 200 if FULL else 50
TRACED = "fdatasync,fsync,write,pwrite64,pwritev,sendto,sendmsg"
CALL = re.compile(r"^(\d+) +(\w+)\(\d+<(.*?)>(.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")

pytestmark = pytest.mark.strace


def traced(served: Served, output: Path) -> subprocess.Popen[bytes]:
    """strace, attached to every thread of the worker."""
    [worker] = children_of(served)
    command = ["strace", "-f", "-y", "-s", "16", "-e", f"trace={TRACED}", "-o", str(output)]
    tracer = subprocess.Popen([*command, "-p", str(worker)], stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    assert b"attached" in tracer.stderr.readline()
    time.sleep(0.5)  # the other threads
    return tracer


def steps(trace: Path, file: str) -> str:
    """The story as letters: w, the file was written; s, a sync of it has ended; A, a 200 left."""
    story, begun = "", dict[str, str]()
    for line in trace.read_text(errors="replace").splitlines():
        if call := CALL.match(line):
            thread, name, path, rest = call.groups()
            begun[thread] = path
            if name in ("sendto", "sendmsg") and '"HTTP/1.1 200' in rest:
                story += "A"
            elif path.endswith(file) and name in ("write", "pwrite64", "pwritev"):
                story += "w"
            elif path.endswith(file) and name in ("fsync", "fdatasync") and rest.endswith("= 0"):
                story += "s"
        elif resumed := RESUMED.match(line):
            thread, name, rest = resumed.groups()
            if begun.get(thread, "").endswith(file) and "sync" in name and rest.endswith("= 0"):
                story += "s"
    return story


def push_one_by_one(served: Served) -> None:
    for number in range(PUSHES):
        answer = served.push(cmd="event", type="INCOMING", user="a", callid=f"sync-{number}")
        assert answer.status_code == 200


def assert_synced_before_each_answer(story: str) -> None:
    answers = [part for part in story.split("A")[:-1]]
    assert len(answers) == PUSHES
    unsynced = [number for number, before in enumerate(answers) if not re.search(r"w.*s", before)]
    assert unsynced == [], f"{len(unsynced)} of {PUSHES} answers left before a sync"


def test_each_200_follows_a_sync_of_the_write_ahead_log(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    tracer = traced(served, tmp_path / "trace")
    push_one_by_one(served)
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=20)
    assert_synced_before_each_answer(steps(tmp_path / "trace", "pult.db-wal"))


def test_each_200_follows_a_sync_of_the_spool_while_the_database_is_locked(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    other = sqlite3.connect(served.data_dir / "pult.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    tracer = traced(served, tmp_path / "trace")
    push_one_by_one(served)
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=20)
    other.execute("ROLLBACK")
    other.close()
    assert_synced_before_each_answer(steps(tmp_path / "trace", ".jsonl"))

"""Locks that the loop and OS threads share, in a process patched like the server's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PATCHED = """
from gevent import monkey; monkey.patch_all()
import sys, threading, logging
import gevent
import app
sys.setswitchinterval(1e-5)
pool = gevent.get_hub().threadpool
"""

CONTENDED = """
lock, turns = threading.{kind}(), []
def take_turns(count=1000):
    for number in range(count):
        with lock:
            before = len(turns)
            turns.append(number)
            assert len(turns) == before + 1
def in_loop():
    for _ in range(20):
        take_turns(50)
        gevent.sleep(0)
jobs = [pool.spawn(take_turns) for _ in range(6)]
lets = [gevent.spawn(in_loop) for _ in range(3)]
with gevent.Timeout(25):
    for waiting in (*jobs, *lets):
        waiting.get()
print(len(turns))
"""


def under_the_server(script: str) -> str:
    command = [sys.executable, "-W", "error", "-c", PATCHED + script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_threads_and_greenlets_that_want_one_lock_all_get_it(kind: str) -> None:
    assert under_the_server(CONTENDED.format(kind=kind)) == "9000"


def test_a_greenlet_that_waits_for_a_lock_lets_the_others_run() -> None:
    script = """
lock = threading.Lock()
lock.acquire()
waiting = gevent.spawn(lambda: lock.acquire(timeout=10))
gevent.sleep(0.05)
lock.release()
print(waiting.get())
"""
    assert under_the_server(script) == "True"


def test_a_greenlet_waits_for_as_long_as_it_said() -> None:
    script = """
lock = threading.Lock()
lock.acquire()
print(lock.acquire(timeout=0.05), lock.acquire(blocking=False), lock.locked())
"""
    assert under_the_server(script) == "False False True"


def test_a_lock_that_may_be_taken_again_belongs_to_one_greenlet() -> None:
    script = """
lock, order = threading.RLock(), []
def first():
    with lock, lock:
        gevent.sleep(0.05)
        order.append("first")
def second():
    with lock:
        order.append("second")
gevent.joinall([gevent.spawn(first), gevent.spawn(second)], raise_error=True)
print(order)
"""
    assert under_the_server(script) == "['first', 'second']"


def test_a_condition_wakes_who_waits_in_either_world() -> None:
    script = """
condition, items = threading.Condition(), []
def take():
    with condition:
        return condition.wait_for(lambda: items and items.pop(), timeout=10)
jobs = [pool.spawn(take) for _ in range(3)] + [gevent.spawn(take) for _ in range(3)]
gevent.sleep(0.05)
for number in range(6):
    with condition:
        items.append(number + 1)
        condition.notify_all()
print(sorted(job.get() for job in jobs))
"""
    assert under_the_server(script) == "[1, 2, 3, 4, 5, 6]"


def test_the_log_is_written_from_everywhere_at_once() -> None:
    script = """
log = logging.getLogger("test")
def write():
    for number in range(300):
        log.warning("line %s", number)
jobs = [pool.spawn(write) for _ in range(4)] + [gevent.spawn(write) for _ in range(2)]
with gevent.Timeout(25):
    for job in jobs:
        job.get()
print("written")
"""
    assert under_the_server(script) == "written"

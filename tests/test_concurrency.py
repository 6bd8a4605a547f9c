"""The border between the loop and OS threads, in a plain process and in one patched by gevent."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.concurrency import SimpleQueue, Waiter, run_blocking, start_thread, under_gevent

ROOT = Path(__file__).parent.parent

UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, time
from app.concurrency import SimpleQueue, Waiter, native_selector, run_blocking
from app.concurrency import start_thread, under_gevent
native_sleep = monkey.get_original("time", "sleep")
gevent.sleep(0)
ticks = []
ticker = gevent.spawn(lambda: [(ticks.append(1), gevent.sleep(0.001)) for _ in range(10_000)])
"""


def under_the_server(script: str) -> str:
    """Run a script in a process patched like gunicorn's gevent worker; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNDER_GEVENT + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_plain_process_is_not_under_gevent() -> None:
    assert not under_gevent()


def test_a_waiter_brings_a_result_from_another_thread() -> None:
    waiter: Waiter[int] = Waiter()
    start_thread(lambda: waiter.set(7), "test")
    assert waiter.result(5) == 7


def test_a_waiter_raises_the_failure_it_was_given() -> None:
    waiter: Waiter[int] = Waiter()
    start_thread(lambda: waiter.fail(LookupError("no such call")), "test")
    with pytest.raises(LookupError, match="no such call"):
        waiter.result(5)


def test_a_waiter_gives_up_when_its_time_is_over() -> None:
    with pytest.raises(TimeoutError):
        Waiter[int]().result(0.01)


def test_join_says_whether_the_thread_has_ended() -> None:
    gate: SimpleQueue[None] = SimpleQueue()
    thread = start_thread(gate.get, "test")
    assert not thread.join(0.01)
    gate.put(None)
    assert thread.join(5)
    assert thread.join(0)


def test_blocking_work_without_a_deadline_is_a_plain_call() -> None:
    assert run_blocking(max, 3, 5) == 5


def test_blocking_work_with_a_deadline_returns_its_result_or_its_failure() -> None:
    assert run_blocking(max, 3, 5, timeout=5) == 5
    with pytest.raises(ValueError, match="invalid literal"):
        run_blocking(int, "a call", timeout=5)


def test_blocking_work_is_left_behind_at_its_deadline() -> None:
    with pytest.raises(TimeoutError):
        run_blocking(time.sleep, 0.5, timeout=0.02)


def test_under_gevent_a_waiting_greenlet_lets_the_others_run() -> None:
    assert (
        under_the_server("""
assert under_gevent()
queue = SimpleQueue()
def worker():
    while (waiter := queue.get()) is not None:
        native_sleep(0.2)
        waiter.set(len(ticks))
thread = start_thread(worker, "test")
waiter = Waiter()
queue.put(waiter)
print(waiter.result(5) > 5)
queue.put(None)
thread.join(5)
""")
        == "True"
    )


def test_under_gevent_an_idle_thread_waits_for_hours_without_a_loop() -> None:
    assert (
        under_the_server("""
ticker.kill()
queue = SimpleQueue()
answers = SimpleQueue()
start_thread(lambda: answers.put(queue.get()), "test")
gevent.sleep(0.1)
queue.put("still here")
print(answers.get())
""")
        == "still here"
    )


def test_under_gevent_many_waiters_are_answered_each_with_its_own() -> None:
    assert (
        under_the_server("""
queue = SimpleQueue()
def worker():
    while (item := queue.get()) is not None:
        item[0].set(item[1] * 2)
start_thread(worker, "test")
def ask(n):
    waiter = Waiter()
    queue.put((waiter, n))
    return waiter.result(5)
jobs = [gevent.spawn(ask, n) for n in range(500)]
gevent.joinall(jobs)
print([job.value for job in jobs] == [n * 2 for n in range(500)])
""")
        == "True"
    )


def test_under_gevent_blocking_work_does_not_stop_the_loop() -> None:
    assert (
        under_the_server("""
run_blocking(native_sleep, 0.2)
print(len(ticks) > 5)
""")
        == "True"
    )


def test_under_gevent_the_deadline_holds_even_when_every_pool_thread_hangs() -> None:
    assert (
        under_the_server("""
for _ in range(gevent.get_hub().threadpool.maxsize):
    gevent.spawn(run_blocking, native_sleep, 0.5)
gevent.sleep(0.05)
try:
    run_blocking(len, [], timeout=0.05)
except TimeoutError:
    print("in time")
""")
        == "in time"
    )


def test_under_gevent_a_waiter_works_inside_blocking_work() -> None:
    assert (
        under_the_server("""
queue = SimpleQueue()
start_thread(lambda: queue.get().set("from the writer"), "test")
def work():
    waiter = Waiter()
    queue.put(waiter)
    return waiter.result(5)
print(run_blocking(work))
""")
        == "from the writer"
    )


def test_under_gevent_a_thread_can_poll_sockets_of_the_system() -> None:
    assert (
        under_the_server("""
selector = native_selector()
print(type(selector).__module__)
selector.close()
""")
        == "selectors"
    )

"""A burst of whole calls before a wallboard and an agent's desk in Chromium: what the browser makes of it."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.bench import traffic
from tests.bench.company import Company
from tests.bench.loading import Figures, Load
from tests.e2e.truth import differences
from tests.serving import Served

PUSHES_PER_S = 500
RAMP_S = 2.5  # longer than a call: from then on each kind of push comes as often as every other
LONG_TASK_MS = 50  # the browser's own measure of a task that a person may notice
EQUAL_WITHIN_MS = 20_000
LOOK_EVERY_MS = 100
# Every twentieth call is for the agent whose desk is open: six calls a second.
DESK_AGENT, DESK_SHARE = 0, 20

# Notes the tasks that the browser itself calls long, and which region each frame of the line is for.
WATCH = """
globalThis.longTasks = [];
globalThis.frames = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) longTasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });
addEventListener("htmx:ws:before:message:incoming", ({ detail }) => {
  const place = /hx-swap-oob="[^"#]*#(calls|call-list|counts|people|hours)\\b/.exec(detail.message.data);
  if (place) frames.push([place[1].replace("call-list", "calls"), performance.now()]);
});
"""
MARK = "pult: the burst begins"
BEGIN = "(mark) => { longTasks.length = frames.length = 0; performance.mark(mark); }"


def burst(browser: Browser, load: Load, company: Company, folder: Path, seconds: float) -> Figures:
    """Let PUSHES_PER_S come in for `seconds` while two pages watch. `load` sends from its own process.

    - `sent`, `ok`, `answer_p50_ms`, `answer_p99_ms`: the pushes and their answers
    - `long_tasks`: milliseconds of each task that the browser reports as long, by the clock on the wall
    - `own_long_tasks`: of each that took as long of the processor; the others waited for one
    - `longest_cpu_ms`: the longest task of a page, in processor time
    - `frames_per_s`: by region of the wallboard
    - `differences`: where a page does not read like the database when all is over
    """
    script = traffic.save(folder / "burst", sorted(_calls(len(company.agents), RAMP_S + seconds)))
    served = Served(company.copy(folder)).start()
    try:
        with _pages(browser, served, company) as (board, desk):
            browser.start_tracing(categories=["toplevel", "blink.user_timing"])
            for page in (board, desk):
                page.evaluate(BEGIN, MARK)
            found = load.run("script", script=script, pub=f"{served.url}/pbx")
            found["differences"] = _left_different(board, desk, served.data_dir)
            tasks = _main_thread_ms(browser.stop_tracing())
            found["long_tasks"] = [ms for page in (board, desk) for ms in page.evaluate("() => longTasks")]
            found["frames_per_s"] = _rates(board.evaluate("() => frames"))
    finally:
        served.stop()
    own = [ms for ms in tasks if ms >= LONG_TASK_MS]
    return found | {"own_long_tasks": own, "longest_cpu_ms": max(tasks)}


def _calls(people: int, seconds: float) -> Iterator[traffic.Line]:
    """Calls of a second or two; those that are under way at the end stay so."""
    dice = random.Random(1)
    apart_ms = 4000 / PUSHES_PER_S
    for number in range(int(seconds * 1000 / apart_ms)):
        user = number % people if number % DESK_SHARE else DESK_AGENT
        at_ms = (number + dice.random()) * apart_ms
        for line in traffic.call(number, user, at_ms, dice.uniform(200, 600), dice.uniform(500, 1500)):
            if line.at_ms < seconds * 1000:
                yield line


@contextmanager
def _pages(browser: Browser, served: Served, company: Company) -> Iterator[tuple[Page, Page]]:
    """A supervisor's wallboard and an agent's desk, each in a browser of its own, on line."""
    board = _open(browser, served, company.supervisors[0], "/wallboard")
    desk = _open(browser, served, company.agents[DESK_AGENT], "/desk")
    try:
        yield board, desk
    finally:
        board.context.close()
        desk.context.close()


def _open(browser: Browser, served: Served, cookie: str, path: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "pult", "value": cookie, "url": served.url}])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(served.url + path)
    page.wait_for_selector("body[data-live=on]")
    return page


def _left_different(board: Page, desk: Page, data_dir: Path) -> list[str]:
    """What still differs when the last frames have had their time."""
    for _ in range(EQUAL_WITHIN_MS // LOOK_EVERY_MS):
        if not (found := differences(board, desk, data_dir, DESK_AGENT)):
            break
        board.wait_for_timeout(LOOK_EVERY_MS)
    return found


def _main_thread_ms(trace: bytes) -> list[float]:
    """Processor time of each task on our pages' main threads; the browser has pages of its own."""
    events = json.loads(trace)["traceEvents"]
    watched = {(event["pid"], event["tid"]) for event in events if event["name"] == MARK}
    tasks = [event for event in events if event["name"].endswith("RunTask") and event["ph"] == "X"]
    mine = [event for event in tasks if (event["pid"], event["tid"]) in watched]
    # Less than a microsecond is left out, however long that one stood aside for other programs.
    return [event.get("tdur", 0) / 1000 for event in mine]


def _rates(frames: list[tuple[str, float]]) -> dict[str, float]:
    """Frames a second of each region, counted between its first and its last."""
    times = defaultdict(list)
    for region, at_ms in frames:
        times[region].append(at_ms)
    return {name: (len(at) - 1) / (at[-1] - at[0]) * 1000 for name, at in times.items() if len(at) > 1}

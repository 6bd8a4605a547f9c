"""Whether a wallboard and a desk say what the database says, read by SQL of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from app.live.board import CALLS_SHOWN
from app.services.desk import ROWS
from tests.bench.company import login

BOARD = """() => {
  const number = (element) => Number((element?.textContent ?? "0").replace(/\\D/g, ""));
  const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
  const tones = { ring: "ringing", talk: "talking", calm: "free" };
  return {
    calls: all("#call-list > li", (row) => [row.dataset.callid, row.dataset.state]),
    more: number(document.querySelector("#calls > footer")),
    counts: all("#counts .kpi > dd:not(.d)", number),
    people: all("#people .agent", (one) => [one.firstChild.textContent, tones[one.classList[1]]]).sort(),
  };
}"""
DESK = """() => ({
  pops: [...document.querySelectorAll("[data-pop]")].map(({ dataset: d }) => [d.callid, d.state]).sort(),
  today: [...document.querySelectorAll("#today li")].map(({ dataset: d }) => [d.callid, d.outcome]),
})"""

LIVE = "call.outcome IN ('ringing', 'talking')"
FOREMOST = f"SELECT id FROM call WHERE {LIVE} ORDER BY outcome, started_at, id LIMIT {CALLS_SHOWN}"
CALLS = f"SELECT callid, outcome FROM call WHERE id IN ({FOREMOST}) ORDER BY started_at, id"
LIVE_CALLS = f"SELECT count(*) FROM call WHERE {LIVE}"
COUNTS = f"""SELECT
    (SELECT count(*) FROM call WHERE outcome = 'ringing' AND direction = 'in'),
    (SELECT count(*) FROM call WHERE outcome = 'talking'),
    (SELECT count(*) FROM call WHERE outcome = 'missed'),
    (SELECT count(*) FROM call WHERE NOT {LIVE})"""
BUSY_LEGS = f"""FROM leg
    JOIN call ON call.id = leg.call_id
    JOIN pbx_account ON pbx_account.id = leg.account_id
    WHERE {LIVE} AND leg.state IN ('ringing', 'talking')"""
# "talking" is the greater word, and talking wins over ringing.
PEOPLE = f"""SELECT user.name, coalesce(
        (SELECT max(leg.state) {BUSY_LEGS} AND pbx_account.user_id = user.id), 'free')
    FROM user WHERE EXISTS (SELECT 1 FROM pbx_account WHERE pbx_account.user_id = user.id)"""
POPS = f"SELECT callid, leg.state {BUSY_LEGS} AND pbx_account.login = ?"
TODAY = f"""SELECT callid, call.outcome FROM call JOIN leg ON leg.call_id = call.id
    JOIN pbx_account ON pbx_account.id = leg.account_id
    WHERE NOT {LIVE} AND pbx_account.login = ? ORDER BY call.started_at DESC, call.id DESC"""


def differences(board: Page, desk: Page, data_dir: Path, agent: int) -> list[str]:
    """What the pages say and the database does not, a line each. All calls stored are of today."""
    with closing(sqlite3.connect(f"file:{data_dir / 'pult.db'}?mode=ro", uri=True)) as conn:
        stored = _board(conn) | _desk(conn, login(agent))
    shown: dict[str, Any] = board.evaluate(BOARD) | desk.evaluate(DESK)
    return [
        f"{part}: shown {shown[part]}, stored {stored[part]}"
        for part in stored
        if shown[part] != stored[part]
    ]


def _board(conn: sqlite3.Connection) -> dict[str, Any]:
    calls, people = _rows(conn, CALLS), sorted(_rows(conn, PEOPLE))
    waiting, talking, missed, over = _rows(conn, COUNTS)[0]
    free = sum(state == "free" for _, state in people)
    return {
        "calls": calls,
        "more": _rows(conn, LIVE_CALLS)[0][0] - len(calls),
        "counts": [waiting, talking, free, missed, over],
        "people": people,
    }


def _desk(conn: sqlite3.Connection, name: str) -> dict[str, Any]:
    return {"pops": sorted(_rows(conn, POPS, name)), "today": _rows(conn, TODAY, name)[:ROWS]}


def _rows(conn: sqlite3.Connection, query: str, *values: str) -> list[list[Any]]:
    return [list(row) for row in conn.execute(query, values)]

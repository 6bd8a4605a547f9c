"""The figures as a page: one table, what they were measured on, where the time goes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.loading import Figures
from tests.bench.profile import Shares

BEGIN, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"


class Row(NamedTuple):
    """A line of the table: what, the rounds' values joined to one text, and what was aimed at."""

    work: str
    value: str
    target: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; NaN when there is none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def median(rounds: Sequence[Figures], name: str) -> float:
    """Of the rounds' figures of this name."""
    return statistics.median(figures[name] for figures in rounds)


def number(value: float) -> str:
    """With as many digits as mean something."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def cost(rounds: Sequence[Figures]) -> str:
    """Processor time a request: what other programs on the machine disturb least."""
    each = [{"ms": figures["cpu_pct"] * 10 / figures["rate"]} for figures in rounds]
    return f"{median(each, 'ms'):.2f} ms"


def spread(rounds: Sequence[Figures], name: str, unit: str = "") -> str:
    """The median, and the best and worst round."""
    values = [figures[name] for figures in rounds]
    return f"{number(statistics.median(values))}{unit} ({number(min(values))}–{number(max(values))})"


def table(rows: Sequence[Row]) -> list[str]:
    """The rows in Markdown."""
    lines = ["| work | median of the rounds (least–most) | target |", "|---|---|---|"]
    return lines + [f"| {row.work} | {row.value} | {row.target} |" for row in rows]


def live_rows(rounds: Sequence[dict[str, Figures]], tabs: int, pushes_per_s: float) -> list[Row]:
    """Rows a, b and c."""
    lives = [one["live"] for one in rounds]
    pops = [one["pop"] for one in rounds]
    times = [time for pop in pops for time in pop["times_ms"]]
    sums = {name: sum(live[name] for live in lives) for name in ("expected", "lost", "wrong", "sent", "bad")}
    popped, rung = sum(pop["popped"] for pop in pops), sum(pop["rung"] for pop in pops)
    foreign = sum(pop["of_others"] for pop in pops)
    what = f"{tabs} open tabs, {pushes_per_s:.0f} pushes/s of whole calls"
    rows = [
        Row(f"{what}: the webhook's answer, p50", spread(lives, "answer_p50_ms", " ms")),
        Row("the same, p99", spread(lives, "answer_p99_ms", " ms"), "≤ 50 ms"),
        Row(
            "the frame at the right tab, from the push's due time, p50", spread(lives, "frame_p50_ms", " ms")
        ),
        Row("the same, p99", spread(lives, "frame_p99_ms", " ms")),
        Row(
            "frames due / lost / at a wrong tab; pushes sent / refused, all rounds",
            f"{sums['expected']:,} / {sums['lost']} / {sums['wrong']}; {sums['sent']:,} / {sums['bad']}",
            "none lost, none wrong",
        ),
        Row("processor time a push, live pages included", cost(lives)),
        Row("memory of the worker at the end, resident", spread(lives, "rss_mb", " MB"), "≤ 150 MB"),
        Row("memory of all its processes, proportional", spread(lives, "pss_all_mb", " MB")),
        Row(
            f"pop in Chromium's DOM meanwhile ({popped} of {rung}), p50",
            f"{number(percentile(times, 0.5))} ms",
        ),
        Row("the same, p99", f"{number(percentile(times, 0.99))} ms", "≤ 100 ms"),
        Row("cards of others on that desk", str(foreign), "0"),
    ]
    for name, words in (("contact alone", "`contact` alone"), ("contact", "`contact` while all that runs")):
        asked = [one[name] for one in rounds]
        rows.append(Row(f"{words}, p50", spread(asked, "answer_p50_ms", " ms")))
        rows.append(Row("the same, p99", spread(asked, "answer_p99_ms", " ms"), "≤ 20 ms"))
    return rows


def control_rows(rounds: Sequence[Figures]) -> list[Row]:
    """What the machine adds by itself."""
    value = f"{spread(rounds, 'answer_p50_ms')} / {spread(rounds, 'answer_p99_ms', ' ms')}"
    return [Row("control: the same pushes to a C server that only answers, p50 / p99", value)]


def rush_rows(ours: Sequence[Figures], plain: dict[str, Sequence[Figures]]) -> list[Row]:
    """Row d."""
    rate = median(ours, "rate")
    sent = sum(figures["sent"] for figures in ours)
    unanswered = sent - sum(figures["ok"] for figures in ours)
    rows = [
        Row("webhooks stored and projected, 32 keep-alive clients", spread(ours, "rate", "/s")),
        Row("the same, p99", spread(ours, "answer_p99_ms", " ms")),
        Row("processor time a push", cost(ours)),
        Row("pushes sent / not answered with 200, all rounds", f"{sent:,} / {unanswered}", "0"),
    ]
    for name, rounds in plain.items():
        ratio = rate / median(rounds, "rate")
        rows.append(Row(f"{name}: rate", f"{spread(rounds, 'rate', '/s')}; ours is {ratio:.2f} ×"))
        rows.append(Row(f"{name}: p99", spread(rounds, "answer_p99_ms", " ms")))
        rows.append(Row(f"{name}: processor time a push", cost(rounds)))
    return rows


def fanout_rows(tabs: int, ours: Sequence[Figures], peers: dict[str, Sequence[Figures]]) -> list[Row]:
    """Row e, for one number of tabs."""
    last = median(ours, "last_ms")
    rows = [
        Row(f"one push to {tabs:,} wallboards: the last tab", spread(ours, "last_ms", " ms")),
        Row("the webhook's answer meanwhile, p50", spread(ours, "answer_p50_ms", " ms")),
        Row("memory a tab", spread(ours, "kib_per_tab", " KiB")),
        Row("all tabs connected", spread(ours, "connect_s", " s")),
    ]
    for name, rounds in peers.items():
        ratio = last / median(rounds, "last_ms")
        memory = number(median(rounds, "kib_per_tab"))
        value = f"{spread(rounds, 'last_ms', ' ms')}; ours is {ratio:.2f} ×; {memory} KiB a tab"
        rows.append(Row(f"{name}, {tabs:,} tabs: the last tab", value))
    return rows


def profile_lines(title: str, found: Shares) -> list[str]:
    """Where the time goes, in a few lists."""

    def listed(shares: Sequence[tuple[str, float]], most: int) -> str:
        return ", ".join(f"`{name}` {share:.0f} %" for name, share in shares[:most] if share >= 1)

    return [
        f"**{title}** – {found.busy:.1f} threads at work at once on the average.",
        "",
        f"- threads: {listed(found.threads, 6)}",
        f"- rooms, each with the libraries it calls: {listed(found.rooms, 8)}",
        f"- functions of ours with the libraries they call: {listed(found.own, 12)}",
        f"- functions of ours with all they call: {listed(found.cumulative, 14)}",
        f"- packages of the innermost function: {listed(found.leaves, 8)}",
        "",
    ]


def save(path: Path, lines: Sequence[str]) -> None:
    """Replace what an earlier run wrote; what people wrote around it stays."""
    written = "\n".join([BEGIN, *lines, END])
    text = path.read_text() if path.exists() else f"# Benchmarks\n\n{BEGIN}{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + written + after)

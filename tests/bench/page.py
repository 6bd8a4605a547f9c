"""The page: what the figures were measured on, the table, where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.profile import Shares

BEGIN, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"


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

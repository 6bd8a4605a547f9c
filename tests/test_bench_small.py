"""The benchmarks' machinery at a tiny size: it counts right, and what is missing is skipped by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import peers, profile, report, rows, traffic
from tests.bench.company import cookies_file, found, owners
from tests.bench.loading import Failed, Load
from tests.bench.peers import Missing, Peer, Started
from tests.bench.rows import Bench, Size
from tests.bench.serving import ours

NO_GCC = shutil.which("gcc") is None and os.environ.get("PULT_TEST_ALL") != "1"
pytestmark = pytest.mark.skipif(NO_GCC, reason="gcc is not installed")

SIZE = Size(tabs=12, boards=2, pushes_per_s=20, seconds=2, pops=2, rush_s=1, fanout=(12,), publications=3)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The load generator, built, and a company of few."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "run").mkdir()
    company = found(folder / "company", SIZE.people + 1, 2, named=4)
    yield Bench(Load(folder), company, folder / "run", SIZE)


def test_whole_calls_reach_their_tabs_and_no_others(bench: Bench) -> None:
    script = traffic.save(bench.folder / "calls", traffic.day(SIZE.people, 20, 2))
    cookies = cookies_file(bench.folder / "cookies", bench.company, 10, 2)
    listening = {"n": 12, "watchers": 2, "cookies_file": cookies, "settle": 1}
    with ours(bench.company, bench.folder) as server:
        how = {"marker": traffic.MARKER, "stages": traffic.STAGES, **server.options()}
        figures = bench.load.run("script", script=script, **listening, **how)
        assert server.memory()["rss_mb"] > 10
    assert (figures["open"], figures["died"], figures["bad"]) == (12, 0, 0)
    assert figures["ok"] == figures["sent"] == 40
    assert figures["expected"] == figures["arrived"] > 0
    assert (figures["lost"], figures["wrong"]) == (0, 0)
    assert figures["watched"] > 0


def test_a_frame_at_anothers_tab_is_counted_as_wrong(bench: Bench) -> None:
    lines = [line._replace(user=(line.user + 1) % SIZE.people) for line in traffic.call(0, 0, 0, 100, 100)]
    script = traffic.save(bench.folder / "calls", lines)
    cookies = cookies_file(bench.folder / "cookies", bench.company, 10, 0)
    with ours(bench.company, bench.folder) as server:
        how = {"marker": traffic.MARKER, "stages": traffic.STAGES, "settle": 1, "wait": 2, **server.options()}
        figures = bench.load.run("script", script=script, n=10, cookies_file=cookies, **how)
    assert figures["wrong"] > 0
    assert figures["lost"] > 0


def test_one_push_is_timed_until_the_last_wallboard_has_it(bench: Bench) -> None:
    figures = rows.fanout(bench, 12)
    assert (figures["open"], figures["published"], figures["incomplete"]) == (12, 3, 0)
    assert figures["last_ms"] >= figures["first_ms"] > 0


def test_a_rush_is_stored_whole(bench: Bench) -> None:
    figures = rows.rush(bench)
    assert figures["bad"] == 0
    assert figures["ok"] == figures["sent"] > 0


@pytest.mark.parametrize("peer", [peers.FANOUT[0], peers.FANOUT[3]], ids=lambda peer: peer.name)
def test_a_peer_does_the_same_work(bench: Bench, peer: Peer) -> None:
    figures = rows.peer_fanout(bench, peer, 12)
    assert (figures["open"], figures["published"], figures["incomplete"]) == (12, 3, 0)


def test_the_plain_way_stores_what_it_is_sent(bench: Bench) -> None:
    figures = rows.plain_rush(bench, peers.PLAIN[0])
    assert figures["bad"] == 0
    assert figures["ok"] > 0


def test_a_peer_that_cannot_start_is_missing_by_name(bench: Bench) -> None:
    broken = Peer("broken", lambda folder, port: Started(["false"]))
    with pytest.raises(Missing, match="it ended"):
        rows.peer_fanout(bench, broken, 2)


def test_a_run_that_says_nothing_is_a_failure(bench: Bench) -> None:
    with pytest.raises(Failed, match="no such mode"):
        bench.load.run("dance")


def test_tabs_are_dealt_out_in_ones_twos_and_threes() -> None:
    assert list(owners(8)) == [0, 1, 1, 2, 2, 2, 3, 4]


def test_a_profile_is_charged_to_threads_rooms_and_functions_without_those_who_wait() -> None:
    lines = [
        "thread (1);Thread._run (app/concurrency.py:1);Writer._run (app/services/writer.py:9);"
        "store (app/services/intake.py:5);execute (sqlalchemy/engine/base.py:3) 30",
        "thread (1);Thread._run (app/concurrency.py:1);Writer._run (app/services/writer.py:8) 500",
        "thread (2);receive (app/web/webhook.py:4) 10",
    ]
    samples = [sample for line in lines if (sample := profile.read(line)) is not None]
    found = profile.shares(samples, seconds=1)
    assert found.busy == 40 / profile.RATE
    assert found.threads == [("writer", 75), ("requests", 25)]
    assert found.rooms == [("app/services", 75), ("app/web", 25)]
    assert found.own[0] == ("app/services/intake.py:store", 75)
    assert found.leaves[0] == ("sqlalchemy", 75)


def test_a_new_run_replaces_its_own_part_of_the_page_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    report.save(page, ["first"])
    page.write_text("before\n" + page.read_text() + "after\n")
    report.save(page, ["second"])
    text = page.read_text()
    assert "first" not in text
    assert text.startswith("before\n")
    assert "second" in text
    assert text.endswith("after\n")

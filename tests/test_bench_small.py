"""The benchmarks' machinery at a tiny size: it counts right, and what is missing is skipped by name."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.bench import page, peers, profile, table, traffic, watching
from tests.bench.bench import SMALL, Bench, Theme, users_of
from tests.bench.company import cookies_file, owners
from tests.bench.loading import Failed, Load
from tests.bench.measuring import measure, table_of
from tests.bench.peers import Missing, Peer, Started
from tests.bench.rows import coming_back, desk, fanout, flood, frozen, intake, pops, soak
from tests.bench.serving import ours
from tests.bench.table import Goal

NO_GCC = shutil.which("gcc") is None and os.environ.get("PULT_TEST_ALL") != "1"
pytestmark = pytest.mark.skipif(NO_GCC, reason="gcc is not installed")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The load generator, built, and a company of few."""
    folder = tmp_path_factory.mktemp("bench")
    return Bench(Load(folder), folder, folder / "parts", SMALL)


def test_whole_calls_reach_their_tabs_and_no_others(bench: Bench) -> None:
    with ours(bench.office(), bench.folder) as server, desk.start_calls(bench, server) as run:
        figures = run.figures()
        assert server.memory()["rss_mb"] > 10
    assert (figures["open"], figures["died"], figures["bad"]) == (SMALL.tabs, 0, 0)
    assert figures["ok"] == figures["sent"] == SMALL.pushes_per_s * SMALL.seconds
    assert figures["expected"] == figures["arrived"] > 0
    assert (figures["lost"], figures["wrong"]) == (0, 0)
    assert figures["watched"] > 0


def test_a_frame_at_anothers_tab_is_counted_as_wrong(bench: Bench) -> None:
    lines = [line._replace(user=(line.user + 1) % SMALL.people) for line in traffic.call(0, 0, 0, 100, 100)]
    script = traffic.save(bench.folder / "calls", lines)
    cookies = cookies_file(bench.folder / "cookies", bench.office(), 10, 0)
    with ours(bench.office(), bench.folder) as server:
        how = {"marker": traffic.MARKER, "stages": traffic.STAGES, "settle": 1, "wait": 2, **server.options()}
        figures = bench.load.run("script", script=script, n=10, cookies_file=cookies, **how)
    assert figures["wrong"] > 0
    assert figures["lost"] > 0


def test_one_push_is_timed_until_the_last_wallboard_has_it(bench: Bench) -> None:
    figures = fanout.fanout(bench)
    assert (figures["open"], figures["published"], figures["incomplete"]) == (50, 4, 0)
    assert figures["last_ms"] >= figures["first_ms"] > 0


def test_a_rush_is_stored_whole(bench: Bench) -> None:
    figures = intake.rush(bench)
    assert figures["bad"] == 0
    assert figures["ok"] == figures["sent"] > 0


def test_screen_pops_ring_at_everybody_and_go_again(bench: Bench) -> None:
    figures = pops.pops(bench, 0)
    cards = traffic.CARDS * users_of(SMALL.crowd)
    assert figures["sent"] == figures["ok"] == 2 * cards
    assert figures["expected"] == figures["arrived"] == 2 * traffic.CARDS * SMALL.crowd
    assert (figures["lost"], figures["wrong"]) == (0, 0)
    assert figures["stage0_p50_ms"] > 0


def test_every_push_of_a_flood_reaches_every_wallboard(bench: Bench) -> None:
    figures = flood.flood(bench)
    assert figures["arrived"] == figures["expected"] == SMALL.flood_tabs * SMALL.flood_per_s * SMALL.flood_s
    assert 0 < figures["frames_rate"] <= SMALL.flood_per_s


def test_a_frozen_tab_is_dropped_and_back_when_it_wakes(bench: Bench) -> None:
    tabs, still, _per_s = SMALL.frozen[0]
    figures = frozen.frozen(bench, 0)
    assert figures["dropped_s"] < 10
    assert figures["back"] == still
    assert figures["open"] == tabs
    assert (figures["lost"], figures["untold"]) == (0, 0)
    assert figures["phase0_n"] > 0 < figures["phase1_n"]


def test_every_tab_comes_back_after_a_restart(bench: Bench) -> None:
    figures = coming_back.restart(bench)
    assert figures["open"] == figures["back"] == SMALL.returning
    assert figures["wrong_answers"] == 0
    assert figures["ok"] + figures["refused"] + figures["cut"] == figures["sent"]
    assert figures["back_max_ms"] > 0


def test_tabs_that_come_and_go_leave_nothing(bench: Bench) -> None:
    figures = coming_back.cycles(bench)
    assert (figures["cycles"], figures["goodbyes"], figures["resets"]) == (100, 50, 25)
    assert abs(figures["grown_threads"]) <= 2 >= abs(figures["grown_descriptors"])
    assert figures["grown_tabs"] == 0


def test_the_traffic_of_hours_is_all_in_the_inbox(bench: Bench) -> None:
    figures = soak.soak(bench)
    assert (figures["bad"], figures["not_in_inbox"], figures["lost"]) == (0, 0, 0)
    assert figures["hours"] > 0


def test_contacts_are_told_among_events(bench: Bench) -> None:
    figures = intake.contact(bench)
    assert {name: part["bad"] for name, part in figures.items()} == {"alone": 0, "asked": 0, "events": 0}


@pytest.mark.parametrize("peer", [peers.RAW, peers.NAIVE], ids=lambda peer: peer.name)
def test_a_peer_does_the_same_work(bench: Bench, peer: Peer) -> None:
    figures = fanout.peer_fanout(bench, peer)
    assert (figures["open"], figures["published"], figures["incomplete"]) == (50, 4, 0)


def test_the_plain_way_stores_what_it_is_sent(bench: Bench) -> None:
    figures = intake.plain_rush(bench, peers.PLAIN[0])
    assert figures["bad"] == 0
    assert figures["ok"] > 0


def test_a_peer_that_cannot_start_is_missing_by_name(bench: Bench) -> None:
    broken = Peer("broken", lambda bench, port: Started(["false"]))
    with pytest.raises(Missing, match="it ended"):
        fanout.peer_fanout(bench, broken)


def test_a_run_that_says_nothing_is_a_failure(bench: Bench) -> None:
    with pytest.raises(Failed, match="no such mode"):
        bench.load.run("dance")


def test_a_drop_is_timed_from_the_first_byte_that_waited_until_the_end() -> None:
    seen = [(1.0, [20, 0]), (2.0, [20, 900]), (3.0, [20, 0]), (4.0, [20, 100]), (9.0, [19, 0])]
    assert watching.dropped_after_s(seen, 19) == 5.0
    assert math.isnan(watching.dropped_after_s(seen, 18))


def test_answers_to_pushes_that_were_due_earlier_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("10.5\t2.25\t200\n11.5\t0.125\t200\n12\t0.5\t0\n")
    assert coming_back.times_since(tmp_path / "answers", 11) == [0.125]


def test_a_slope_is_the_growth_in_one() -> None:
    assert watching.slope([(0, 100), (1, 103), (2, 106)]) == 3
    assert watching.slope([(0, 100)]) == 0


def test_a_target_that_is_missed_is_said_plainly() -> None:
    rounds = [{"ms": 10.0}, {"ms": 20.0}, {"ms": 90.0}]
    slow = table.figure("answer", rounds, "ms", " ms", Goal(most=15))
    assert slow.markdown() == "| answer | 20 ms (10–90) | ≤ 15 ms | **not met** |"
    assert table.figure("answer", rounds, "ms", " ms", Goal(most=15, stretch=True)).met == "not reached"
    assert table.figure("answer", [{"ms": None}], "ms", " ms", Goal(most=15)).met == "**not met**"
    assert table.versus("peer", rounds, [{"ms": 10.0}], "ms", " ms", Goal(most=2)).met == "yes"
    assert table.none("frames", lost=0, wrong=1).met == "**not met**"


def test_a_theme_whose_every_round_failed_stays_in_the_table(bench: Bench) -> None:
    def fail(_bench: Bench) -> dict[str, Any]:
        raise Failed("no server")

    def miss(_bench: Bench) -> dict[str, Any]:
        raise Missing("not installed")

    theme = Theme("broken", {"ours": fail, "peer": miss}, lambda size, results: [])
    outcome = measure(bench, [theme], 2)
    assert outcome.skipped == {"peer": "not installed"}
    assert outcome.failed == [f"broken, ours in round {n}: Failed: no server" for n in (1, 2)]
    assert "not met" in table_of(bench, [theme], outcome)[-1]


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
    path = tmp_path / "page.md"
    page.save(path, ["first"])
    path.write_text("before\n" + path.read_text() + "after\n")
    page.save(path, ["second"])
    text = path.read_text()
    assert "first" not in text
    assert text.startswith("before\n")
    assert "second" in text
    assert text.endswith("after\n")

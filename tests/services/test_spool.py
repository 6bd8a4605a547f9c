"""The spool: on disk before it counts, in the order of receipt, taken over once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.pbx.message import Invalid
from app.services import spool as spools
from app.services import spool_file
from app.services.intake import Incoming
from app.services.outage import Unavailable
from app.services.spool import Batch, Spool
from app.services.spool_file import SpoolFile
from tests.services.pushes import event


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = Spool(folder)
    yield made
    die(made)


def die(spool: Spool) -> None:
    """The process ends without a word: the kernel lets go of its locks."""
    own = spool.own()
    if own is not None:
        own.close()


def keep(spool: Spool, *callids: str) -> None:
    places = [spool.put(event("INCOMING", "a", callid)) for callid in callids]
    for place in places:
        spool.sync(place)


def waiting(file: SpoolFile, offset: int = 0) -> list[str]:
    """The callids that wait in a file."""
    lines = file.lines(offset, 1000)
    return [line.push.message.callid if line.push.message else line.push.reason for line in lines]


def left(folder: Path) -> list[list[str]]:
    found = []
    for file in Spool(folder).left_behind():
        found.append(waiting(file))
        file.close()
    return found


def own_of(spool: Spool) -> SpoolFile:
    own = spool.own()
    assert own is not None
    return own


def test_pushes_keep_the_order_in_which_they_were_put(spool: Spool) -> None:
    places = [spool.put(event("INCOMING", "a", callid)) for callid in "abc"]
    spool.sync(places[2])  # whoever comes first writes for all
    assert waiting(own_of(spool)) == ["a", "b", "c"]
    spool.sync(places[0])
    assert waiting(own_of(spool)) == ["a", "b", "c"]


def test_a_push_reads_back_as_it_was(spool: Spool) -> None:
    push = event("INCOMING", "anna", "c-1", at=1234, extra="ё")
    spool.sync(spool.put(push, doubtful=True))
    [line] = own_of(spool).lines(0, 10)
    assert (line.push.body, line.push.received_at, line.push.message) == (push.body, 1234, push.message)
    assert (line.push.source, line.doubtful, line.end) == ("spool", True, own_of(spool).size)


def test_who_comes_later_sees_that_pushes_wait_before_they_are_on_disk(spool: Spool) -> None:
    assert not spool.is_waiting
    spool.put(event("INCOMING", "a"))
    assert spool.is_waiting


def test_the_file_is_given_up_only_when_all_of_it_is_stored(spool: Spool, folder: Path) -> None:
    keep(spool, "a")
    first = own_of(spool)
    keep(spool, "b")
    assert not spool.finish(first.size - 1)
    assert spool.finish(first.size)
    assert not spool.is_waiting
    assert list(folder.iterdir()) == []


def test_a_push_that_comes_while_the_last_is_stored_is_not_forgotten(spool: Spool) -> None:
    keep(spool, "a")
    late = spool.put(event("INCOMING", "a", "late"))
    assert not spool.finish(own_of(spool).size)
    spool.sync(late)
    assert waiting(own_of(spool)) == ["a", "late"]


def test_nothing_waits_here_once_the_last_batch_is_handed_over_and_the_file_stays(
    spool: Spool, folder: Path
) -> None:
    keep(spool, "a")
    spool.put(event("INCOMING", "a", "not-synced-yet"))
    handed: list[Batch] = []
    assert spool.hand_over(0, 2, handed.append) is handed[0] is spool.last
    assert len(handed[0].lines) == 2
    assert not spool.is_waiting
    assert left(folder) == [] != list(folder.iterdir()), "the file is there, and held"
    assert spool.finish(handed[0].end)
    assert spool.last is None


def test_a_last_batch_that_fails_waits_again_at_once(spool: Spool) -> None:
    keep(spool, "a")
    last = spool.hand_over(0, 1, lambda batch: None)
    assert last is not None
    last.fail(Unavailable("away"))
    assert spool.is_waiting
    spool.hand_over(0, 1, lambda batch: batch.fail(Unavailable("sooner than one could say so")))
    assert spool.is_waiting


def test_who_is_put_behind_the_last_batch_waits_and_so_do_all_who_follow(spool: Spool) -> None:
    keep(spool, "a")
    last = spool.hand_over(0, 1, lambda batch: None)
    assert last is not None
    keep(spool, "late")
    assert spool.is_waiting
    assert not spool.finish(last.end)
    assert waiting(own_of(spool), last.end) == ["late"]
    assert spool.hand_over(last.end, 1, lambda batch: None)
    assert not spool.is_waiting


def test_more_than_a_batch_is_not_handed_over(spool: Spool) -> None:
    keep(spool, "a", "b")
    assert spool.hand_over(0, 1, lambda batch: pytest.fail("too many")) is None
    assert spool.is_waiting
    assert spool.hand_over(own_of(spool).size, 1, lambda batch: pytest.fail("nothing is left")) is None


def test_what_a_dead_process_left_is_found_once_and_what_a_living_one_holds_is_not(
    spool: Spool, folder: Path
) -> None:
    keep(spool, "a")
    assert left(folder) == []
    die(spool)
    assert left(folder) == [["a"]]


def test_who_starts_after_a_dead_process_queues_behind_what_it_left(spool: Spool, folder: Path) -> None:
    keep(spool, "a")
    die(spool)
    heir = Spool(folder)
    assert heir.is_waiting
    for file in heir.left_behind():
        file.remove()
    heir.nothing_left_behind()
    assert not heir.is_waiting


def test_files_keep_their_order_when_the_clock_is_set_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at, callid in ((9_000_000_000_000, "first"), (8_999_996_400_000, "second"), (5_000, "third")):
        monkeypatch.setattr(spools, "now", lambda at=at: at)
        one = Spool(folder)
        keep(one, callid)
        die(one)
    assert left(folder) == [["first"], ["second"], ["third"]]


def test_the_half_line_of_a_crash_is_left_out(spool: Spool, folder: Path) -> None:
    keep(spool, "a", "b")
    path = own_of(spool).path
    die(spool)
    path.write_bytes(path.read_bytes()[:-20])
    assert left(folder) == [["a"]]


def test_a_line_that_cannot_be_read_is_kept_and_does_not_block_those_behind(spool: Spool) -> None:
    keep(spool, "a", "b")
    own = own_of(spool)
    text = own.path.read_bytes()
    own.path.write_bytes(b"x" * 10 + text[10:])
    broken, sound = own.lines(0, 10)
    assert broken.push.message is None
    assert broken.push.body == b"x" * 10 + text[10 : broken.end]
    assert sound.push.message is not None


def test_a_push_that_this_version_refuses_is_kept_as_refused(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(spool, "a")

    def refused(*_args: object, **_more: object) -> Incoming:
        raise Invalid("not any more")

    monkeypatch.setattr(spool_file.Incoming, "read_again", refused)
    [line] = own_of(spool).lines(0, 10)
    assert (line.push.message, line.push.reason) == (None, "not any more")
    assert b"callid=a" in line.push.body


def test_a_disk_that_refuses_leaves_the_file_whole_and_tells_everybody(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(spool, "a")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        places = [spool.put(event("INCOMING", "a", callid)) for callid in "bc"]
        for place in places:
            with pytest.raises(OSError, match="No space left"):
                spool.sync(place)
    keep(spool, "d")
    assert waiting(own_of(spool)) == ["a", "d"]


def test_a_write_cut_short_is_no_write(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(spool, "a")
    whole = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda number, data, at: whole(number, data[:7], at))
        with pytest.raises(OSError, match="only 7 of"):
            keep(spool, "b")
    assert own_of(spool).path.stat().st_size == own_of(spool).size


def test_what_waits_is_told_with_its_beginning(spool: Spool, folder: Path) -> None:
    assert spools.waiting(folder) is None
    keep(spool, "a")
    found = spools.waiting(folder)
    assert found is not None
    assert found.size == own_of(spool).size
    assert str(found.since_at) in own_of(spool).path.name

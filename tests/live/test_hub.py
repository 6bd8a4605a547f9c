"""Who gets which frame, in which order, and who is let in."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest
from wsproto.events import CloseConnection

from app.live import frames
from app.live.hub import Hub
from app.live.tab import Tab
from tests.live.conftest import MakeHub, OpenPage
from tests.live.pages import Page, eventually, tcp_pair, unix_pair


def texts(*words: str) -> list[bytes]:
    return [frames.encode(word) for word in words]


@pytest.mark.parametrize("pair", [unix_pair, tcp_pair])
def test_a_frame_reaches_every_tab_that_watches_the_topic_and_no_other(
    hub: Hub, open_page: OpenPage, pair: Callable[[], object]
) -> None:
    desk = open_page(hub, user=1, topics=["user:1"], pair=pair)
    same_desk = open_page(hub, user=1, topics=["user:1"], pair=pair)
    other_desk = open_page(hub, user=2, topics=["user:2"], pair=pair)
    hub.send("user:1", texts("call"))
    assert desk.text() == same_desk.text() == "call"
    other_desk.settle(hub)


def test_frames_arrive_in_the_order_they_were_sent_whatever_their_topics(
    hub: Hub, open_page: OpenPage
) -> None:
    both = open_page(hub, topics=["user:1", "wallboard"])
    wall = open_page(hub, topics=["wallboard"])
    for n in range(300):
        hub.send("wallboard", texts(f"wall {n}"))
        hub.send("user:1", texts(f"pop {n}"))
    assert both.texts(600) == [f"{kind} {n}" for n in range(300) for kind in ("wall", "pop")]
    assert wall.texts(300) == [f"wall {n}" for n in range(300)]


def test_frames_of_one_call_stay_together_while_many_threads_send(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, pair=tcp_pair)
    page.settle(hub)

    def send(sender: int) -> None:
        for n in range(100):
            hub.send("calls", texts(f"{sender} {n} first", f"{sender} {n} last"))

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in senders:
        thread.start()
    got = page.texts(800)
    for thread in senders:
        thread.join()
    assert all(
        last == first.replace("first", "last") for first, last in zip(got[::2], got[1::2], strict=True)
    )
    for sender in range(4):
        mine = [word for word in got if word.startswith(f"{sender} ")]
        assert mine == [f"{sender} {n} {part}" for n in range(100) for part in ("first", "last")]


def test_frames_queued_together_leave_in_one_write(hub: Hub, open_page: OpenPage) -> None:
    first = open_page(hub, topics=["a", "b"])
    first.settle(hub)
    gate = threading.Event()
    assert hub._loop is not None
    hub._loop.post(lambda: gate.wait(5) and None)
    for n in range(20):
        hub.send("ab"[n % 2], texts(f"{n}"))
    gate.set()
    assert first.read()
    assert first.texts(20) == [str(n) for n in range(20)]
    assert first.raw.endswith(b"".join(texts(*map(str, range(20)))))


def test_a_new_tab_gets_its_snapshot_before_any_later_frame(hub: Hub, open_page: OpenPage) -> None:
    watching = open_page(hub, topics=["calls"])
    newcomer = open_page(hub, topics=[])
    hub.send("calls", texts("before"))
    hub.send_to(newcomer.id, texts("snapshot: a", "snapshot: b"))
    hub.subscribe(newcomer.id, ["calls"])
    hub.send("calls", texts("after"))
    assert newcomer.texts(3) == ["snapshot: a", "snapshot: b", "after"]
    assert watching.texts(2) == ["before", "after"]


def test_a_second_subscription_to_a_topic_does_not_double_its_frames(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, topics=["calls"])
    hub.subscribe(page.id, ["calls", "missed"])
    hub.send("calls", texts("once"))
    assert page.text() == "once"
    page.settle(hub)
    page.sock.close()
    assert eventually(lambda: hub.topics() == set())


def test_a_topic_counts_as_watched_as_soon_as_it_is_subscribed_to(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, topics=["calls"])
    assert hub.topics() == {"calls"}
    page.sock.close()
    assert eventually(lambda: hub.topics() == set())


def test_subscribing_a_tab_that_has_gone_watches_nothing(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, topics=[])
    page.sock.close()
    assert eventually(lambda: hub.stats()["tabs"] == 0)
    hub.subscribe(page.id, ["calls"])
    hub.send_to(page.id, texts("nobody"))
    assert eventually(lambda: hub.topics() == set())


def test_a_hub_that_nobody_has_come_to_takes_frames_and_has_no_thread(hub: Hub) -> None:
    hub.send("calls", texts("nobody"))
    hub.close_user(1)
    assert hub.stats() == {"tabs": 0, "users": 0, "waiting_bytes": 0, "dropped_slow": 0}
    assert "pult-hub" not in {thread.name for thread in threading.enumerate()}


def test_over_the_limit_the_oldest_tab_of_that_user_is_closed(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(tabs_per_user=2)
    oldest, second, other = open_page(hub), open_page(hub), open_page(hub, user=2)
    newest = open_page(hub)
    assert oldest.close_code() == 4409
    for page in (second, other, newest):
        page.settle(hub)
    assert hub.stats()["tabs"] == 3
    assert hub.stats()["users"] == 2


def test_a_hub_is_full_at_its_limit_and_has_room_again_when_a_tab_leaves(
    make_hub: MakeHub, open_page: OpenPage
) -> None:
    hub = make_hub(tabs_max=2)
    first = open_page(hub)
    assert not hub.full()
    open_page(hub, user=2)
    assert hub.full()
    first.sock.close()
    assert eventually(lambda: not hub.full())


def test_the_end_of_a_session_closes_its_tabs_and_no_others(hub: Hub, open_page: OpenPage) -> None:
    pages = [open_page(hub, session=7), open_page(hub, session=7)]
    stays = open_page(hub, session=8)
    hub.close_session(7)
    assert [page.close_code() for page in pages] == [4401, 4401]
    stays.settle(hub)


def test_a_tab_that_stood_in_the_door_when_its_session_ended_is_closed(hub: Hub, open_page: OpenPage) -> None:
    open_page(hub, session=8).settle(hub)
    hub.close_session(7)
    assert open_page(hub, session=7).close_code() == 4401
    open_page(hub, session=8).settle(hub)


def test_a_disabled_user_loses_all_tabs(hub: Hub, open_page: OpenPage) -> None:
    pages = [open_page(hub, user=3, session=7), open_page(hub, user=3, session=8)]
    stays = open_page(hub, user=4, session=9)
    hub.close_user(3, 4401)
    assert [page.close_code() for page in pages] == [4401, 4401]
    stays.settle(hub)


def test_a_tab_whose_snapshot_fails_is_closed_to_come_back(hub: Hub) -> None:
    server, client = unix_pair()

    def fails(_tab: Tab) -> None:
        raise LookupError("no region")

    with pytest.raises(LookupError, match="no region"):
        hub.adopt(server, user=1, session=1, topics=frozenset(), on_ready=fails)
    with client:
        assert Page(client).close_code() == 1011
    assert eventually(lambda: hub.stats()["tabs"] == 0)


def test_every_tab_hears_a_heartbeat_with_the_servers_time(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(beat_s=0.05, sweep_s=0.01)
    before = time.time_ns() // 1_000_000
    pages = [open_page(hub, user=user) for user in range(3)]
    for page in pages:
        beats = [json.loads(page.text())["beat"] for _ in range(3)]
        assert beats == sorted(beats)
        assert before <= beats[0]


def test_stopping_closes_every_tab_with_1012_and_ends_the_thread(hub: Hub, open_page: OpenPage) -> None:
    pages = [open_page(hub, user=user, pair=tcp_pair) for user in range(50)]
    pages[-1].settle(hub)
    codes: list[int] = []
    readers = [threading.Thread(target=lambda p=page: codes.append(p.close_code())) for page in pages]
    for thread in readers:
        thread.start()
    hub.stop()
    for thread in readers:
        thread.join(5)
    assert codes == [1012] * 50
    assert hub.full()
    assert hub.stats()["tabs"] == 0
    assert "pult-hub" not in {thread.name for thread in threading.enumerate()}


def test_stopping_does_not_wait_for_a_tab_that_does_not_answer(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    hub.stop()
    event = page.next()
    assert isinstance(event, CloseConnection)
    assert event.code == 1012
    page.end()


def test_a_tab_that_comes_after_the_end_is_turned_away(hub: Hub, open_page: OpenPage) -> None:
    hub.stop()
    server, client = unix_pair()
    hub.adopt(server, user=1, session=1, topics=frozenset(), on_ready=lambda _tab: None)
    with client:
        assert client.recv(1) == b""
    hub.send("calls", texts("nobody"))
    hub.stop()


def test_frames_sent_after_the_end_are_dropped_without_harm(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    hub.stop()
    hub.subscribe(page.id, ["late"])
    hub.send("late", texts("nobody"))
    hub.close_session(1)

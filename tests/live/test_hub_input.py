"""What a tab says, or fails to say: pings, pongs, and what no page of ours would send."""

from __future__ import annotations

import random
import socket
import struct
import threading
from pathlib import Path

import pytest
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong

from app.live import frames
from app.live.hub import Hub
from app.live.tab import Tab
from tests.live.conftest import MakeHub, OpenPage
from tests.live.pages import eventually, tcp_pair

KILOBYTE = "x" * 1024


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_idle_tab_is_pinged_and_stays_while_it_answers(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(ping_s=0.05, pong_s=2, sweep_s=0.01)
    page = open_page(hub)
    for _ in range(3):
        page.pong_to(page.next())
    assert hub.stats()["tabs"] == 1


def test_a_tab_that_answers_no_ping_is_dropped(make_hub: MakeHub, open_page: OpenPage) -> None:
    hub = make_hub(ping_s=0.05, pong_s=0.1, sweep_s=0.01)
    page = open_page(hub)
    assert isinstance(page.next(), Ping)
    page.end()
    assert eventually(lambda: hub.stats()["tabs"] == 0)
    assert hub.stats()["dropped_slow"] == 0


def test_a_ping_of_the_page_is_answered_with_its_payload(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    page.say(Ping(payload=b"are you there?"))
    event = page.next()
    assert isinstance(event, Pong)
    assert event.payload == b"are you there?"


def test_input_that_arrives_byte_by_byte_is_understood(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    for byte in page._protocol.send(Ping(payload=b"slow")):
        page.sock.sendall(bytes([byte]))
    assert isinstance(page.next(), Pong)


def test_messages_of_a_page_are_read_and_forgotten(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    for _ in range(50):
        page.say(Message(data="anything"))
        page.say(BytesMessage(data=b"anything"))
    page.settle(hub)
    assert page.tab is not None
    assert eventually(lambda: page.tab is not None and page.tab.inbox == b"")


def test_the_largest_input_is_taken_and_one_byte_more_is_refused(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    page.say(Message(data="x" * 4096))
    page.say(Ping())
    assert isinstance(page.next(), Pong)
    page.say(Message(data="x" * 4097))
    assert page.close_code() == 1009


def test_a_length_that_is_only_announced_is_refused_before_it_arrives(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub)
    page.sock.sendall(b"\x81\xff" + (1 << 40).to_bytes(8))
    assert page.close_code() == 1009


BAD_INPUT = {
    "a fragment": (b"\x01\x81\0\0\0\0x", 1002),
    "a continuation of nothing": (b"\x80\x81\0\0\0\0x", 1002),
    "an unmasked frame": (b"\x81\x01x", 1002),
    "a reserved bit": (b"\xc1\x80\0\0\0\0", 1002),
    "a reserved opcode": (b"\x83\x80\0\0\0\0", 1002),
    "a long control frame": (b"\x89\xfe\x00\x7e\0\0\0\0" + b"x" * 126, 1002),
    "a fragmented ping": (b"\x09\x80\0\0\0\0", 1002),
    "a close frame of one byte": (b"\x88\x81\0\0\0\0x", 1002),
    "text that is not UTF-8": (b"\x81\x81\0\0\0\0\xff", 1007),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_answered_with_its_close_code(hub: Hub, open_page: OpenPage, name: str) -> None:
    data, code = BAD_INPUT[name]
    page = open_page(hub)
    page.sock.sendall(data)
    assert page.close_code() == code


def test_garbage_never_stops_the_hub(hub: Hub, open_page: OpenPage) -> None:
    dice = random.Random(6455)
    for user in range(200):
        page = open_page(hub, user=user)
        page.sock.sendall(dice.randbytes(dice.randint(1, 400)))
        page.sock.close()
    stays = open_page(hub, user=1000)
    stays.settle(hub)
    assert eventually(lambda: hub.stats()["tabs"] == 1)


def test_a_page_that_says_goodbye_hears_its_own_code_and_the_end(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, pair=tcp_pair)
    page.say(CloseConnection(code=1001, reason="away"))
    event = page.next()
    assert isinstance(event, CloseConnection)
    assert event.code == 1001
    page.end()
    assert eventually(lambda: hub.stats()["tabs"] == 0)


def test_a_goodbye_behind_waiting_frames_comes_after_the_frame_under_way(
    make_hub: MakeHub, open_page: OpenPage
) -> None:
    hub = make_hub(close_s=5)
    page = open_page(hub, topics=[])
    hub.send_to(page.id, [frames.encode("x" * 250_000), frames.encode("never")])
    assert eventually(lambda: hub.stats()["waiting_bytes"] > 0)
    page.say(CloseConnection(code=1000))
    assert eventually(lambda: hub.stats()["tabs"] == 0)
    assert page.text() == "x" * 250_000
    event = page.next()
    assert isinstance(event, CloseConnection)
    page.end()


def test_frames_after_the_close_frame_are_not_sent(hub: Hub, open_page: OpenPage) -> None:
    page = open_page(hub, session=7)
    hub.close_session(7)
    hub.send("calls", [frames.encode("late")])
    hub.send_to(page.id, [frames.encode("late")])
    assert page.close_code() == 4401
    assert page.raw == frames.close(4401)


def test_a_thousand_tabs_come_and_go_and_leave_nothing_behind(hub: Hub, open_page: OpenPage) -> None:
    stays = open_page(hub, user=0)
    stays.settle(hub)
    before = descriptors(), threading.active_count()
    ready: list[Tab] = []
    for n in range(1000):
        server, client = tcp_pair()
        hub.adopt(server, user=n, session=n, topics=frozenset(), on_ready=ready.append)
        hub.subscribe(ready[-1].id, {"calls", f"user:{n}"})
        hub.send("calls", [frames.encode(KILOBYTE)])
        if n % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        client.close()
        del server
        assert stays.text() == KILOBYTE
    assert eventually(lambda: hub.stats()["tabs"] == 1)
    assert hub.topics() == {"calls"}
    assert eventually(lambda: descriptors() == before[0])
    assert threading.active_count() == before[1]
    assert hub._loop is not None
    wire = hub._loop.wire
    assert (len(wire.closing), len(wire.late), len(wire.watchers.users)) == (0, 0, 1)

"""The frame codec beside wsproto's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage

from app.live import frames

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 70_000)


def read_as_a_browser(data: bytes) -> list[object]:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


@pytest.mark.parametrize("size", SIZES)
def test_a_client_reads_the_text_that_was_encoded(size: int) -> None:
    (event,) = read_as_a_browser(frames.encode("x" * size))
    assert isinstance(event, TextMessage)
    assert event.data == "x" * size
    assert event.message_finished


def test_text_is_utf_8() -> None:
    (event,) = read_as_a_browser(frames.encode("Звонок от Ивана Примерова"))
    assert isinstance(event, TextMessage)
    assert event.data == "Звонок от Ивана Примерова"


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_frames_in_a_row_are_read_one_by_one(payloads: list[bytes]) -> None:
    data = b"".join(frames.encode(payload, 0x2) for payload in payloads)
    messages = [event for event in read_as_a_browser(data) if isinstance(event, BytesMessage)]
    assert [bytes(message.data) for message in messages] == payloads


def test_a_close_frame_carries_its_code() -> None:
    (event,) = read_as_a_browser(frames.close(4401))
    assert isinstance(event, CloseConnection)
    assert event.code == 4401


def test_a_ping_is_a_ping() -> None:
    (event,) = read_as_a_browser(frames.encode(b"", frames.PING))
    assert isinstance(event, Ping)


@pytest.mark.parametrize("size", SIZES)
def test_a_masked_frame_of_a_client_is_measured_like_wsproto_wrote_it(size: int) -> None:
    frame = Connection(ConnectionType.CLIENT).send(Message(data=b"x" * size))
    sizes = frames.measure(frame)
    assert sizes is not None
    head, payload = sizes
    assert (payload, head + payload) == (size, len(frame))


@pytest.mark.parametrize("size", SIZES)
def test_a_header_that_has_not_arrived_cannot_be_measured(size: int) -> None:
    frame = frames.encode(b"x" * size)
    whole_header = len(frame) - size
    assert all(frames.measure(frame[:part]) is None for part in range(whole_header))
    assert frames.measure(frame[:whole_header]) == (whole_header, size)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6), st.data())
def test_the_end_of_the_frame_under_way_is_found(sizes: list[int], data: st.DataObject) -> None:
    encoded = [frames.encode(b"x" * size) for size in sizes]
    ends = [sum(map(len, encoded[: n + 1])) for n in range(len(encoded))]
    sent = data.draw(st.integers(0, ends[-1]))
    end = frames.end_of_frame(b"".join(encoded), sent)
    assert end == min(e for e in [0, *ends] if e >= sent)


def test_data_that_is_not_made_of_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="whole frames"):
        frames.end_of_frame(frames.encode("call")[:1], 1)

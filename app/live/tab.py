"""One tab: its socket, what waits to be written to it, and what it says."""

from __future__ import annotations

from _socket import socket as Socket
from collections import deque

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping

from app.live import frames

WAITING_BYTES = 256 * 1024
WAITING_FRAMES = 64
LARGEST_INPUT = 4096

PROTOCOL_ERROR, MESSAGE_TOO_BIG = 1002, 1009


class Refused(Exception):
    """The tab sent what is not accepted; `code` is the close code that says so."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Tab:
    """An open page of a user. All but the first four attributes belong to the hub's thread.

    There may be ten thousand of them: no dictionary, no parser and no buffer while a tab is quiet.
    """

    __slots__ = (
        "answered",
        "beat_at",
        "close_by",
        "heard_at",
        "id",
        "inbox",
        "moved_at",
        "out",
        "pinged_at",
        "sent",
        "session",
        "sock",
        "subscribed",
        "topics",
        "user",
        "waiting_bytes",
        "waiting_frames",
    )

    def __init__(self, sock: Socket, *, id: int, user: int, session: int, topics: frozenset[str]) -> None:
        self.id = id
        self.user = user
        self.session = session
        self.topics = topics  # what it may watch
        self.sock = sock
        self.subscribed: frozenset[str] = frozenset()  # what it does watch
        self.out: deque[tuple[bytes, int]] | None = None  # (whole frames, their number), oldest first
        self.sent = 0  # bytes of the oldest that have left
        self.waiting_bytes = 0
        self.waiting_frames = 0
        self.inbox = b""  # the beginning of a frame that has not arrived whole
        self.heard_at = self.moved_at = self.beat_at = self.pinged_at = self.close_by = 0.0
        self.answered = False  # it has sent its close frame

    def keep(self, data: bytes, sent: int, count: int) -> bool:
        """Let `data` wait but for its first `sent` bytes; False if that is more than may wait.

        A batch that finds nothing waiting may have more frames than the limit: nobody has been slow yet.
        """
        if self.out is None:
            self.out = deque()
            self.sent = sent
        elif self.waiting_frames + count > WAITING_FRAMES:
            return False
        self.out.append((data, count))
        self.waiting_bytes += len(data) - sent
        self.waiting_frames += count
        return self.waiting_bytes <= WAITING_BYTES

    def flush(self) -> bool:
        """Write what waits, as far as the socket takes it; True if it took some. Raises OSError."""
        moved = False
        while self.out:
            data, count = self.out[0]
            try:
                written = self.sock.send(memoryview(data)[self.sent :])
            except BlockingIOError:
                return moved
            moved = True
            self.sent += written
            self.waiting_bytes -= written
            if self.sent < len(data):
                return True
            self.out.popleft()
            self.sent = 0
            self.waiting_frames -= count
        self.out = None
        return moved

    def cut(self) -> None:
        """Forget what waits, except the rest of a frame that has left in part."""
        if not self.out:
            return
        data, sent = self.out[0][0], self.sent
        rest = data[: frames.end_of_frame(data, sent)]
        self.out = None
        self.waiting_bytes = self.waiting_frames = self.sent = 0
        if len(rest) > sent:
            self.keep(rest, sent, 1)

    def receive(self) -> list[bytes]:
        """Read once; return the whole frames that are there. Raises Refused, and OSError at the end."""
        try:
            data = self.sock.recv(LARGEST_INPUT)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError
        buffer = self.inbox + data
        whole = []
        while (sizes := frames.measure(buffer)) is not None:
            head, payload = sizes
            if payload > LARGEST_INPUT:
                raise Refused(MESSAGE_TOO_BIG)
            if len(buffer) < head + payload:
                break
            whole.append(buffer[: head + payload])
            buffer = buffer[head + payload :]
        self.inbox = buffer
        return whole


def answer(frame: bytes) -> bytes:
    """What RFC 6455 has us say to one whole frame of a client: a pong, a close frame or nothing.

    A page has nothing to tell here, so messages are read and forgotten. Raises Refused for a fragment and for
    anything that breaks the protocol. The parser lives no longer than this: a quiet tab has none.
    """
    parser = Connection(ConnectionType.SERVER)
    parser.receive_data(frame)
    reply = b""
    for event in parser.events():
        if isinstance(event, Message) and not event.message_finished:
            raise Refused(PROTOCOL_ERROR)
        if isinstance(event, CloseConnection) and parser.state is ConnectionState.OPEN:
            raise Refused(event.code)  # not the client closes, wsproto has found an error
        if isinstance(event, Ping | CloseConnection):
            reply += parser.send(event.response())
    return reply

"""A page's end of the line: a real socket, and wsproto for the protocol."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, TextMessage

from app.live import frames
from app.live.hub import Hub
from app.live.tab import Tab

PATIENCE_S = 15.0


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """A connected pair over TCP: the server's end, the client's end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    return server, client


def unix_pair() -> tuple[socket.socket, socket.socket]:
    """A connected pair without TCP's buffers: it fills up soon."""
    return socket.socketpair()


class Page:
    """An open page. `raw` is all it has read, to see that no frame was torn."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE_S)
        self.raw = b""
        self.ended = False
        self.tab: Tab | None = None
        self._protocol = Connection(ConnectionType.CLIENT)
        self._events: list[Event] = []

    @property
    def id(self) -> int:
        assert self.tab is not None
        return self.tab.id

    def read(self, size: int = 65536) -> bool:
        """Read once; False at the end of the line."""
        try:
            data = self.sock.recv(size)
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return False
        self.raw += data
        self._protocol.receive_data(data)
        self._events += self._protocol.events()
        return True

    def next(self) -> Event:
        """The next event of the protocol."""
        while not self._events:
            assert self.read(), "the line has ended"
        return self._events.pop(0)

    def text(self) -> str:
        """The next message, whole; it must be text."""
        whole = ""
        while True:
            event = self.next()
            assert isinstance(event, TextMessage), event
            whole += event.data
            if event.message_finished:
                return whole

    def texts(self, number: int) -> list[str]:
        return [self.text() for _ in range(number)]

    def close_code(self) -> int:
        """Read on to the close frame, answer it, see the line end; return the code."""
        while not isinstance(event := self.next(), CloseConnection):
            pass
        self.say(event.response())
        self.end()
        return event.code

    def end(self) -> None:
        """Read to the end of the line."""
        while self.read():
            pass

    def say(self, event: Event) -> None:
        self.sock.sendall(self._protocol.send(event))

    def pong_to(self, ping: Event) -> None:
        assert isinstance(ping, Ping)
        self.say(ping.response())

    def settle(self, hub: Hub) -> None:
        """Wait until the hub has done all it was told before."""
        hub.send_to(self.id, [frames.encode("settled")])
        assert self.text() == "settled"

    def is_silent(self, for_s: float = 0.05) -> bool:
        return not self._events and not select.select([self.sock], [], [], for_s)[0]


def eventually(is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
    """Ask again and again until it is so or the time is over."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.005)
    return is_so()


KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}


def knock(port: int, cookie: str = "") -> socket.socket:
    """Ask a server on this machine for the page's line as Chromium does."""
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    host = f"127.0.0.1:{port}"
    lines = {"Host": host, "Origin": f"http://{host}", **HANDSHAKE, "Cookie": f"pult={cookie}"}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    sock.sendall(f"GET /live HTTP/1.1\r\n{head}\r\n".encode())
    return sock


def enter(sock: socket.socket) -> tuple[str, Page]:
    """The head of the server's answer, and the page."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # one byte at a time: what follows belongs to the page
        byte = sock.recv(1)
        assert byte, answer
        answer += byte
    return answer.decode(), Page(sock)


def dial(port: int, cookie: str = "") -> tuple[str, Page]:
    """Both, one after the other."""
    return enter(knock(port, cookie))

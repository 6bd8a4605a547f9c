"""A server of plain sockets that misbehaves as told: for the client's bounds."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket, threading.Event], None]

LIST = b'[{"name": "ivan"}]'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Line:
    """What came in on each connection, and the port it came in on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []


def request_of(sock: socket.socket) -> bytes:
    """One whole request with its body, or whatever else the first packet holds."""
    data = sock.recv(65536)
    found = re.search(rb"content-length: ([0-9]+)\r\n", data, re.I)
    while found and len(data) < data.index(b"\r\n\r\n") + 4 + int(found[1]):
        data += sock.recv(65536)
    return data


@contextmanager
def behaving(behaviour: Behaviour, read: bool = True) -> Iterator[Line]:
    """Serve on a free port of 127.0.0.1: read one request, if told to, then behave."""
    listener = socket.create_server(("127.0.0.1", 0))
    line, stop = Line(listener.getsockname()[1]), threading.Event()
    served: list[threading.Thread] = []

    def serve(sock: socket.socket) -> None:
        with sock:
            line.heard.append(request_of(sock) if read else b"")
            with suppress(OSError):  # the client hung up, as it should
                behaviour(sock, stop)

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            served.append(threading.Thread(target=serve, args=(sock,), daemon=True))
            served[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield line
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *served):
            thread.join(10)


def drip(data: bytes) -> Behaviour:
    """Send a byte at a time, far too slowly, but to the end."""

    def behaviour(sock: socket.socket, stop: threading.Event) -> None:
        for byte in data:
            sock.sendall(bytes([byte]))
            if stop.wait(0.2):
                return

    return behaviour


def say(data: bytes) -> Behaviour:
    return lambda sock, stop: sock.sendall(data)


def silence(sock: socket.socket, stop: threading.Event) -> None:
    stop.wait()


def reset(sock: socket.socket, stop: threading.Event) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

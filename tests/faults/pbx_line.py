"""A PBX on the wire, with bad manners: it counts what it hears, and answers as it likes."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

Manners = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class PbxLine:
    """Hears requests until it is left; `heard` holds the whole of each.

    Manners may differ by the number that is dialled.
    """

    def __init__(self, manners: Manners | Mapping[str, Manners]) -> None:
        self._manners = manners
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._peers: list[socket.socket] = []
        self.heard: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/sys/crm_api.wcgp"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            peer.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            request = _request(peer)
            self.heard.append(request)
            self._manners_for(request)(peer)
            peer.close()
        except OSError:
            peer.close()  # the other side was faster, as it may be

    def _manners_for(self, request: bytes) -> Manners:
        if not isinstance(self._manners, Mapping):
            return self._manners
        [manners] = (one for phone, one in self._manners.items() if f"phone={phone}".encode() in request)
        return manners

    def times_heard(self, phone: str) -> int:
        """How often it was asked to dial this number."""
        return sum(f"phone={phone}".encode() in request for request in self.heard)


def _request(peer: socket.socket) -> bytes:
    """One request, head and body."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += _more(peer)
    head, body = head.split(b"\r\n\r\n", 1)
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < int(length.split(b":")[1]):
        body += _more(peer)
    return head + b"\r\n\r\n" + body


def _more(peer: socket.socket) -> bytes:
    data = peer.recv(4096)
    if not data:
        raise ConnectionAbortedError
    return data


def silent(peer: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    while peer.recv(4096):
        pass


def reset(peer: socket.socket) -> None:
    """Break the connection after the request was heard."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickle(peer: socket.socket) -> None:
    """One byte a second: never silent for long, never done."""
    for byte in OK:
        peer.sendall(bytes([byte]))
        time.sleep(1)


def answer_after(seconds: float) -> Manners:
    """A PBX that takes its time."""

    def manners(peer: socket.socket) -> None:
        time.sleep(seconds)
        peer.sendall(OK)

    return manners


def redirect(to: str) -> Manners:
    """Send the caller elsewhere, with its body (307 asks for just that)."""
    head = (
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    return lambda peer: peer.sendall(head.encode())


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/sys/crm_api.wcgp"

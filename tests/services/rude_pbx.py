"""A PBX that misbehaves on the wire: silence, a reset, a port that is closed."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Manners = Callable[[socket.socket], None]


def silent(peer: socket.socket) -> None:
    """Take the request and say nothing until the other side gives up."""
    while peer.recv(4096):
        pass


def reset(peer: socket.socket) -> None:
    """Read the request, then break the connection."""
    peer.recv(4096)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def rude_pbx(manners: Manners) -> Iterator[str]:
    """The address of such a PBX."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                manners(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/sys/crm_api.wcgp"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/sys/crm_api.wcgp"

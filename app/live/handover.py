"""Takes a WebSocket away from the server that shook hands on it, so that no thread waits on it."""

from __future__ import annotations

import os
import ssl
from _socket import socket as Socket  # the plain one: gevent replaces the name in `socket`
from _socket import socketpair
from collections.abc import Callable
from typing import Any


class NoThread:
    """Stands in for threading.Thread in simple-websocket's Server, whose reader thread the hub replaces."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        """Take what would have been the thread's work, and leave it."""

    def start(self) -> None:
        """Start nothing."""


class CannotHandOver(RuntimeError):
    """The server itself ends TLS: its session cannot be moved with the descriptor."""


def is_tls(sock: Any) -> bool:
    """True for a socket on which this process speaks TLS itself, plain or gevent's."""
    return isinstance(sock, ssl.SSLSocket)


def take_socket(ws: Any) -> Socket:
    """Return the live connection of simple-websocket's `ws` as a raw non-blocking socket.

    The server keeps a dead socket under its descriptor, which it may shut down and close as it likes.
    Raises CannotHandOver.
    """
    old = ws.sock
    if is_tls(old):
        raise CannotHandOver("live pages need TLS to end in front of Pult, for example in nginx")
    live = Socket(fileno=os.dup(old.fileno()))
    dead, peer = socketpair()
    peer.close()
    os.dup2(dead.fileno(), old.fileno(), inheritable=False)
    dead.close()
    live.setblocking(False)
    ws.connected = False  # so that flask-sock, when the view returns, has nothing to close
    return live

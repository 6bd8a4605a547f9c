"""Many pages that read as they please, in one thread, and look at every byte."""

from __future__ import annotations

import random
import selectors
import socket
import struct
import threading
import time
from collections import defaultdict

from app.live import frames

PATIENCE_S = 60.0


class Reader:
    """One page: the messages it has got, by what they begin with, and the code it was sent away with."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.messages: dict[str, list[bytes]] = defaultdict(list)
        self.size = 0
        self.code = 0
        self.ended = False
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Divide what has come into frames. Raises ValueError for what is not one of ours."""
        buffer, at = self._rest + data, 0
        while (sizes := frames.measure(buffer, at)) is not None and len(buffer) >= at + sum(sizes):
            head, payload = sizes
            self._keep(buffer[at], buffer[at + head : at + head + payload])
            at += head + payload
        self._rest = buffer[at:]

    def _keep(self, first: int, payload: bytes) -> None:
        if first == frames.FINAL | frames.CLOSE:
            (self.code,) = struct.unpack("!H", payload)
        elif first == frames.FINAL | frames.TEXT and not self.code:
            self.size += len(payload)
            self.messages[payload.partition(b":")[0].decode()].append(payload)
        else:
            raise ValueError(f"no frame of ours begins with {first:#x}")


class Crowd:
    """Reads for all of them, in bites of random size; `frozen` ones read nothing until they wake."""

    def __init__(self, dice: random.Random) -> None:
        self.readers: list[Reader] = []
        self.failed: list[ValueError] = []
        self._dice = dice
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopping = True
        if self._thread.ident:
            self._thread.join()
        self._selector.close()

    def add(self, sock: socket.socket, *, frozen: bool = False) -> Reader:
        reader = Reader(sock)
        sock.setblocking(False)
        self.readers.append(reader)
        if not frozen:
            self.wake(reader)
        return reader

    def wake(self, reader: Reader) -> None:
        self._selector.register(reader.sock, selectors.EVENT_READ, reader)

    def start(self) -> None:
        self._thread.start()

    def wait_for(self, due: dict[Reader, int]) -> None:
        """Return when each of them has read so many bytes of messages."""
        until = time.monotonic() + PATIENCE_S
        while late := [reader for reader, size in due.items() if reader.size < size]:
            assert not self.failed, self.failed
            assert not any(reader.ended for reader in late), "a tab was sent away"
            assert time.monotonic() < until, [reader.size for reader in late]
            time.sleep(0.002)

    def _read(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select(0.05):
                try:
                    data = key.data.sock.recv(self._dice.choice((700, 5000, 65536)))
                    key.data.take(data)
                except ConnectionResetError:
                    data = b""
                except ValueError as error:
                    self.failed.append(error)
                    return
                if not data:
                    key.data.ended = True
                    self._selector.unregister(key.data.sock)

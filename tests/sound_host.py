"""A host of recordings for tests: a real HTTP server on loopback whose answers each test chooses."""

from __future__ import annotations

import io
import math
import struct
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def tone(seconds: float = 1.0) -> bytes:
    """A real WAV: 8 kHz, mono, 16 bit."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        samples = (int(9000 * math.sin(at / 8)) for at in range(int(8000 * seconds)))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


TONE = tone()


@dataclass
class SoundHost:
    """`answers`: what each path gives (status, headers, body); `asked`: what was asked for, with headers."""

    port: int = 0
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/a.wav") -> str:
        return f"http://{self.name}{path}"

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        self.answers[path] = (status, headers, body)
        return self.url(path)


@contextmanager
def sound_host() -> Iterator[SoundHost]:
    """Serves until the block ends."""
    host = SoundHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, dict(self.headers)))
            status, headers, body = host.answers.get(self.path, (404, {}, b"no such file"))
            if self.path.startswith("/slow"):
                host.hold.wait(20)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.path.startswith("/drip"):
                self._drip(body)
            else:
                self.wfile.write(body)

        def _drip(self, body: bytes) -> None:
            """One byte at a time, for as long as the test lets it."""
            for byte in body:
                if host.hold.wait(0.05):
                    return
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    return

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()

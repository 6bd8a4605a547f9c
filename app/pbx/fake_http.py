"""The built-in PBX's port: its API at `/sys/crm_api.wcgp`, recordings under `/record/`."""

import re
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.pbx.audio import conversation
from app.pbx.client import API_PATH
from app.pbx.envelope import open_envelope
from app.pbx.replies import Reply

Answer = Callable[[dict[str, str]], Reply]
Prepared = Callable[[str], Reply | None]

_BODY_CAP = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,6}")
_RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})")
_SECONDS = re.compile(r"_([0-9a-f]{4})\.wav")
_LONGEST_S = 900
_SOME_SECONDS = 20


class PbxServer(ThreadingHTTPServer):
    """A thread per connection, on loopback.

    `answer` carries out a command; what `prepared("record")` gives is served in place of a recording.
    """

    daemon_threads = True

    def __init__(self, port: int, answer: Answer, prepared: Prepared) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer = answer
        self.prepared = prepared
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is told on standard error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PbxServer
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path.partition("?")[0] != API_PATH:
            self._reply(Reply(404, "text/html", b"<h1>Not found</h1>"))
        elif not _LENGTH.fullmatch(length) or int(length) > _BODY_CAP:
            self._reply(Reply(400, "application/json", b'{"error": "Invalid parameters"}'))
        else:
            envelope = open_envelope(self.rfile.read(int(length)), self.headers.get("Content-Type", ""))
            form = envelope.fields | ({"token": envelope.token} if envelope.token else {})
            self._reply(self.server.answer(form))

    def do_GET(self) -> None:
        if not self.path.startswith("/record/"):
            self._reply(Reply(405, "text/plain", b"POST only"))
            return
        prepared = self.server.prepared("record")
        if prepared is not None:
            self._reply(prepared)
            return
        found = _SECONDS.search(self.path)
        seconds = int(found[1], 16) if found else _SOME_SECONDS
        self._serve_range(conversation(min(seconds, _LONGEST_S)))

    do_HEAD = do_GET

    def _serve_range(self, audio: bytes) -> None:
        """A recording, or the one part of it asked for: a player seeks that way."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None or not (asked[1] or asked[2]):
            self._reply(Reply(200, "audio/wav", audio))
            return
        first = int(asked[1]) if asked[1] else max(0, len(audio) - int(asked[2]))
        last = min(int(asked[2]), len(audio) - 1) if asked[1] and asked[2] else len(audio) - 1
        if first > last:
            self._reply(Reply(416, "text/plain", b""), f"bytes */{len(audio)}")
            return
        part = Reply(206, "audio/wav", audio[first : last + 1])
        self._reply(part, f"bytes {first}-{last}/{len(audio)}")

    def _reply(self, reply: Reply, content_range: str | None = None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Accept-Ranges", "bytes")
        if content_range is not None:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """The ledger is the log."""

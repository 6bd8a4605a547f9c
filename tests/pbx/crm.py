"""The CRM's end of the wire, for the built-in PBX to post to: writes down, answers as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


class Crm(ThreadingHTTPServer):
    """`heard` are the forms in order; `contacts` the answers to `contact` by phone."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[dict[str, str]] = []
        self.contacts: dict[str, dict[str, str]] = {}
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/pbx"

    def about(self, callid: str) -> list[tuple[str, ...]]:
        """What was heard of a call, in short."""
        forms = [form for form in self.heard if form["callid"] == callid]
        return [(form["cmd"], form.get("type", ""), form.get("user", "")) for form in forms]


class _Handler(BaseHTTPRequestHandler):
    server: Crm

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.server.heard.append(form)
        known = self.server.contacts.get(form.get("phone", ""), {}) if form.get("cmd") == "contact" else {}
        answer = json.dumps(known).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Crm]:
    crm = Crm()
    thread = threading.Thread(target=crm.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield crm
    finally:
        crm.shutdown()
        crm.server_close()
        thread.join()

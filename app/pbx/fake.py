"""The built-in PBX: speaks the specification from the PBX's side, for the demo, the curious and the tests."""

import csv
import io
import json
import re
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from time import time
from zoneinfo import ZoneInfo

from app.pbx.company import DIDS, PEOPLE
from app.pbx.fake_http import PbxServer
from app.pbx.replies import Account, Reply
from app.pbx.runner import CallRunner, Sent
from app.pbx.script import Call, Step
from app.pbx.times import parse_start


class FakePbx:
    """A PBX on a loopback port.

    `dial_status`, `dial_ring_s`, `dial_talk_s` say how the calls made by makeCall end. With `route` on
    an incoming call goes to the responsible whom `contact` names, as the PBX's own switch does (4.1.3).
    """

    def __init__(
        self,
        *,
        token: str = "demo-pbx-token",  # noqa: S107 - the key of a sample, on loopback
        crm_url: str | None = None,
        crm_token: str = "",
        accounts: Sequence[Account] = PEOPLE,
        port: int = 0,
        speed: float = 1.0,
    ) -> None:
        self.token = token
        self.people = {account.name: account for account in accounts}
        self.route = False
        self.dial_status, self.dial_ring_s, self.dial_talk_s = "Success", 5.0, 20
        self.calls = CallRunner(crm_url, crm_token, speed)
        self.commands_heard: list[dict[str, str]] = []
        self._prepared: dict[str, deque[tuple[float, Reply]]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._server = PbxServer(port, self.answer, self.prepared)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The API's address, as an admin would enter it."""
        return self.base_url + "/sys/crm_api.wcgp"

    @property
    def pushes_sent(self) -> list[Sent]:
        return self.calls.sent

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Break off all calls and close the port."""
        self.calls.stop()
        self._server.stop()

    def settle(self, timeout_s: float) -> bool:
        """Wait until no call runs; False when some still do."""
        return self.calls.settle(timeout_s)

    def prepare(self, cmd: str, reply: Reply, delay_s: float = 0) -> None:
        """Answer the next `cmd` (or `record`, a recording) with this reply, once, after a delay."""
        with self._lock:
            self._prepared[cmd].append((delay_s, reply))

    def prepared(self, cmd: str) -> Reply | None:
        """The reply prepared for a command, after its delay."""
        with self._lock:
            if not self._prepared[cmd]:
                return None
            delay_s, reply = self._prepared[cmd].popleft()
        self.calls.stopping.wait(delay_s)
        return reply

    def answer(self, form: dict[str, str]) -> Reply:
        """Carry out one command of the CRM (specification 4.2)."""
        cmd = form.get("cmd", "")
        with self._lock:
            self.commands_heard.append(form)
        prepared = self.prepared(cmd)
        if prepared is not None:
            return prepared
        if form.get("token") != self.token:
            return _json(401, {"error": "Invalid token"})
        if cmd == "accounts":
            return _json(200, [_described(account) for account in self.people.values()])
        if cmd == "makeCall":
            return self._make_call(form.get("user", ""), form.get("phone", ""))
        if cmd == "history":
            return self._history(form)
        return _json(400, {"error": "Invalid parameters"})

    def _make_call(self, user: str, phone: str) -> Reply:
        """Ring the user, then the phone: the pushes follow by themselves."""
        if user not in self.people or not (phone.isascii() and phone.isdigit()):
            return _json(400, {"error": "Invalid parameters"})
        call = self.new_call(phone)
        steps = call.outgoing(user, status=self.dial_status, ring_s=self.dial_ring_s, talk_s=self.dial_talk_s)
        self.run(steps)
        return _json(200, {"uuid": call.callid})

    def _history(self, form: dict[str, str]) -> Reply:
        """The ended calls as CSV without a header (later editions): `start`, `end`, `limit`."""
        utc = ZoneInfo("UTC")
        earliest = parse_start(form.get("start"), utc) or 0
        latest = parse_start(form.get("end"), utc) or _now()
        limit = form.get("limit", "1000")
        if not re.fullmatch(r"[0-9]{1,6}", limit):
            return _json(400, {"error": "Invalid parameters"})
        rows = [_history_row(sent) for sent in self.calls.histories()]
        chosen = [row for row in rows if earliest <= (parse_start(row[5], utc) or 0) <= latest]
        out = io.StringIO(newline="")
        csv.writer(out).writerows(chosen[: int(limit)])
        return Reply(200, "text/csv; charset=utf-8", out.getvalue().encode())

    def new_call(self, phone: str, did: str | None = None) -> Call:
        """A call that begins now, under a callid never used before."""
        group = next((known.group for known in DIDS if known.number == did), None)
        return Call(uuid.uuid4().hex[:20].upper(), phone, _now(), did, group, self.people, self.base_url)

    def run(self, steps: Sequence[Step]) -> None:
        """Push the steps of a call, each at its time, in the background."""
        self.calls.run(lambda: steps)

    def ring(
        self,
        phone: str,
        did: str,
        logins: Sequence[str],
        *,
        answered_by: str | None = None,
        ring_s: float = 6,
        talk_s: int = 20,
    ) -> str:
        """A client calls: `contact` is asked, then phones ring. Returns the callid while the call runs on."""
        call = self.new_call(phone, did)

        def script() -> list[Step]:
            alone = self.ask_contact(call)
            rung = [alone] if alone else logins
            lifts = alone if alone and answered_by else answered_by
            return call.incoming(rung, answered_by=lifts, ring_s=ring_s, talk_s=talk_s)

        self.calls.run(script)
        return call.callid

    def ask_contact(self, call: Call) -> str | None:
        """Ask who is calling (4.1.3). Gives the login to ring alone, when we route and know whom it names."""
        form = {"cmd": "contact", "phone": call.phone, "callid": call.callid}
        answer = self.calls.push(form | ({"diversion": call.did} if call.did else {}))
        if not self.route or answer.status != 200:
            return None
        try:
            said = json.loads(answer.body)
        except ValueError:
            return None
        responsible = said.get("responsible") if isinstance(said, dict) else None
        return responsible if responsible in self.people else None


def _now() -> int:
    return int(time() * 1000)


def _json(status: int, value: object) -> Reply:
    return Reply(status, "application/json", json.dumps(value, ensure_ascii=False).encode())


def _described(account: Account) -> dict[str, str]:
    known = {
        "name": account.name,
        "realName": account.real_name,
        "ext": account.ext,
        "telnum": account.telnum,
        "email": account.email,
    }
    return {name: value for name, value in known.items() if value}


def _history_row(form: dict[str, str]) -> list[str]:
    """UID, type, client, account, via, start, wait, duration, record."""
    lost = form["status"] == "missed"
    at = parse_start(form["start"], ZoneInfo("UTC")) or 0
    return [
        form["callid"],
        "missed" if lost else form["type"],
        form["phone"],
        form["user"],
        form.get("diversion", ""),
        datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds"),
        form["wait"],
        "0" if lost else form["duration"],
        form.get("link", ""),
    ]

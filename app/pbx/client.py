"""Talking to the PBX: the commands it takes from us (specification 4.2, and `history` of later editions)."""

from urllib.parse import urlsplit, urlunsplit

import requests

from app.pbx.guard import Guard
from app.pbx.message import bare_login
from app.pbx.numbers import dialable
from app.pbx.replies import (
    Account,
    DialAnswer,
    HistoryRow,
    PbxError,
    Reply,
    failed_dial,
    read_accounts,
    read_dial,
    read_history,
)
from app.pbx.times import compact

__all__ = ["Account", "DialAnswer", "HistoryRow", "PbxClient", "PbxError", "api_url"]

API_PATH = "/sys/crm_api.wcgp"
BODY_CAP = 1024 * 1024

_CHUNK = 8192


def api_url(address: str) -> str:
    """The API's URL from what an admin typed: a bare host gains `https://` and the API's path."""
    address = address.strip()
    if "://" not in address:
        address = "https://" + address
    parts = urlsplit(address)
    path = API_PATH if parts.path in ("", "/") else parts.path
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, parts.query, ""))


class PbxClient:
    """One PBX. Every command is one POST that is never repeated and follows no redirect.

    `connect_timeout` is seconds for each address tried, `total` seconds for a whole exchange but for
    the look-up of its name. Loopback and private addresses and plain http only with `allow_private`.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        allow_private: bool = False,
        connect_timeout: float = 10,
        total: float = 30,
    ) -> None:
        self.url = url
        self._token = token
        self._allow_private = allow_private
        self._connect_timeout = connect_timeout
        self._total = total

    def __repr__(self) -> str:
        return f"PbxClient({self.url!r})"

    def accounts(self) -> list[Account]:
        """The PBX's users (4.2.1). Raises `PbxError`."""
        return read_accounts(self.send("accounts"))

    def make_call(self, user: str, phone: str) -> DialAnswer:
        """Ring `user`'s phone, then `phone` (4.2.2). Never raises: see `DialAnswer`, also on what to do next.

        The answer's `call_ref` need not be the callid of the pushes that follow.
        """
        digits = dialable(phone)
        if not digits:
            return failed_dial("bad_number")
        try:
            reply = self.send("makeCall", user=bare_login(user) or "", phone=digits)
        except PbxError as error:
            return failed_dial(error.code)
        return read_dial(reply)

    def history(
        self,
        *,
        start_at: int | None = None,
        end_at: int | None = None,
        period: str = "today",
        kind: str = "all",
        limit: int | None = None,
    ) -> list[HistoryRow]:
        """Calls between two instants (epoch ms), or of a named period when there is no `start_at`.

        Raises `PbxError`; `bad_parameters` means that this tenant has no such command.
        """
        params = {"type": kind} | ({"period": period} if start_at is None else {"start": compact(start_at)})
        if end_at is not None:
            params["end"] = compact(end_at)
        if limit is not None:
            params["limit"] = str(limit)
        return read_history(self.send("history", **params))

    def send(self, cmd: str, **params: str) -> Reply:
        """Post one command and take the answer whatever its status. Raises `PbxError` when none came."""
        url = self._checked_url()
        guard = Guard(
            allow_private=self._allow_private, connect_timeout=self._connect_timeout, total=self._total
        )
        form = {"cmd": cmd, **params, "token": self._token}
        with guard:
            reply = self._exchange(guard, url, form)
        if reply is None or guard.expired:
            # Raised out here: the library's exception holds the request, and so the key.
            raise PbxError(_why_silent(guard))
        return reply

    def _checked_url(self) -> str:
        try:
            url = api_url(self.url)
            scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
        except ValueError:
            raise PbxError("wrong_address") from None
        if not host or scheme not in ("http", "https"):
            raise PbxError("wrong_address")
        if scheme == "http" and not self._allow_private:
            raise PbxError("not_https")
        return url

    def _exchange(self, guard: Guard, url: str, form: dict[str, str]) -> Reply | None:
        """The reply, or None when the line failed; the guard knows how far it had come."""
        try:
            with (
                guard.session() as session,
                session.post(
                    url,
                    data=form,
                    headers={"User-Agent": "Pult", "Accept-Encoding": "identity"},
                    timeout=(self._connect_timeout, self._total),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = b""
                for chunk in response.iter_content(_CHUNK):
                    body += chunk
                    if len(body) > BODY_CAP:
                        return Reply(response.status_code, "text/html", b"")  # not an answer of a PBX
                return Reply(response.status_code, response.headers.get("Content-Type", ""), body)
        except (requests.RequestException, OSError, ValueError):
            return None


def _why_silent(guard: Guard) -> str:
    if guard.opened:
        return "no_answer"
    return "private_address" if guard.private else "unreachable"

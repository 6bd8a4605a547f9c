"""One guarded HTTPS exchange: where it may go, how long it may take, how much it may bring.

`requests` alone would follow redirects with the key, read the environment's proxies, wait for ever on a
server that sends a byte a second, and connect to any address a name resolves to.
"""

import contextlib
import ipaddress
import socket
import threading
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(OSError):
    """A name resolved to loopback or private addresses only, and these were not allowed."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the open internet; IPv4 inside IPv6 counts as what it stands for."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _resolve(host: str, port: int) -> list[tuple[Any, Any, int, str, Any]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label longer than names may be
        raise socket.gaierror(host) from None


class Guard:
    """Watches one exchange; a context manager. `total` and `connect_timeout` are seconds.

    After it: `opened` says whether a connection stood, so that something may have been sent;
    `expired` whether the time ran out; `private` whether the address was refused.
    """

    def __init__(self, *, allow_private: bool, connect_timeout: float, total: float) -> None:
        self.allow_private = allow_private
        self.connect_timeout = connect_timeout
        self.total = total
        self.opened = self.expired = self.private = False
        self._watched: socket.socket | None = None
        self._timer = threading.Timer(total, self._cut)
        self._timer.daemon = True
        self._ends_at = monotonic() + total

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watched is not None:
            self._watched.close()

    def _cut(self) -> None:
        """End the exchange from outside: reads on the socket return at once, in whatever phase it is."""
        self.expired = True
        if self._watched is not None:
            with contextlib.suppress(OSError):  # the peer was faster
                self._watched.shutdown(socket.SHUT_RDWR)

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to an allowed address of `host`. What was checked is what is connected to."""
        found = _resolve(host, port)
        allowed = [one for one in found if self.allow_private or is_public(str(one[4][0]))]
        self.private = not allowed
        failure: OSError = PrivateAddress(host)
        for family, kind, _, _, address in allowed:
            try:
                return self._connect(family, kind, address)
            except OSError as error:
                failure = error
        raise failure

    def _connect(self, family: int, kind: int, address: Any) -> socket.socket:
        left = self._ends_at - monotonic()
        if left <= 0:
            raise TimeoutError
        sock = socket.socket(family, kind)
        try:
            sock.settimeout(min(left, self.connect_timeout))
            sock.connect(address)
            self._watched = sock.dup()  # survives the wrapping in TLS, which detaches `sock`
        except OSError:
            sock.close()
            raise
        if self.expired:
            self._cut()
        return sock

    def session(self) -> requests.Session:
        """A session whose every connection this guard opens: no proxies, no retries."""
        session = requests.Session()
        session.trust_env = False
        adapter = _GuardedAdapter(self)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


class _GuardedConnection(HTTPConnection):
    """A connection whose socket the guard opens."""

    def __init__(self, *args: Any, guard: Guard, **options: Any) -> None:
        super().__init__(*args, **options)
        self.guard = guard

    def _new_conn(self) -> socket.socket:
        return self.guard.connect(self.host, self.port or self.default_port)

    def connect(self) -> None:
        super().connect()
        self.guard.opened = True  # TLS stands as well: from here on the request may have got through


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    """The same under TLS: certificate and name are checked as ever, against the name asked for."""


class _GuardedAdapter(HTTPAdapter):
    """Hands the guard to each connection that urllib3 makes."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(max_retries=0)
        self._guard = guard

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> ConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **options)
        kind = _GuardedTlsConnection if pool.scheme == "https" else _GuardedConnection
        pool.ConnectionCls = partial(kind, guard=self._guard)  # type: ignore[attr-defined]
        return pool

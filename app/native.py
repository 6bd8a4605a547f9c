"""The operating system's own locks and selectors, which gevent replaces, and whether it has done so."""

from __future__ import annotations

import selectors
import sys
from typing import Any, Protocol


def under_gevent() -> bool:
    """True when this process has been patched: handlers are greenlets then."""
    if "gevent" not in sys.modules:
        return False
    from gevent import monkey

    return monkey.is_module_patched("socket")


def original(module: str, name: str) -> Any:
    """The standard library's own object, whether or not gevent has replaced it."""
    if under_gevent():
        from gevent import monkey

        return monkey.get_original(module, name)
    return getattr(sys.modules[module], name)


class NativeLock(Protocol):
    """A lock of the operating system."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool: ...
    def release(self) -> None: ...
    def __enter__(self) -> bool: ...
    def __exit__(self, *exc: object) -> None: ...


def native_lock() -> NativeLock:
    """A lock for a few instructions shared by OS threads and greenlets; never wait for I/O under it."""
    lock: NativeLock = original("_thread", "allocate_lock")()
    return lock


def native_selector() -> selectors.BaseSelector:
    """The platform's best selector, for an OS thread's own loop."""
    selector: selectors.BaseSelector = original("selectors", "DefaultSelector")()
    return selector


def current_loop() -> Any:
    """The gevent loop that serves requests if the caller runs in it, None in any other thread."""
    if not under_gevent():
        return None
    from gevent._hub_local import get_hub_if_exists

    hub = get_hub_if_exists()
    return hub.loop if hub is not None and hub.main_hub else None

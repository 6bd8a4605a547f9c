"""Passwords: scrypt, the same time for known and unknown people, few at once."""

from __future__ import annotations

import threading

from werkzeug.security import check_password_hash, generate_password_hash

from app.concurrency import run_blocking

METHOD = "scrypt:32768:8:3"
SHORTEST = 10
LONGEST = 200
# Checked for an unknown e-mail, so that the answer takes as long as for a known one. Fits no password.
NOBODY = f"{METHOD}$0000000000000000${'0' * 128}"

# One hash takes 32 MB and a quarter of a second: a flood of log-ins waits in line instead.
_slots = threading.BoundedSemaphore(2)


def make(password: str) -> str:
    """The hash to store."""
    with _slots:
        return run_blocking(generate_password_hash, password, METHOD)


def fits(stored: str, password: str) -> bool:
    """True when `password` is the one `stored` was made of; never for an empty `stored`."""
    with _slots:
        return run_blocking(check_password_hash, stored or NOBODY, password[:LONGEST]) and bool(stored)


def is_good(password: str) -> bool:
    """Long enough to be chosen by a person; what it is made of is theirs to decide."""
    return SHORTEST <= len(password) <= LONGEST

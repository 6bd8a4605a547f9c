"""The key file, and what is made with it: encrypted settings, signatures, random tokens.

The file lies in the data directory, readable by its owner alone, and is not part of backups: whoever
holds a copy of the database can neither read the key of the PBX nor forge a form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet

KEY_FILE = "secret.key"
KEY_BYTES = 32


def encrypt(data_dir: Path, plain: bytes) -> bytes:
    """`plain` as only this installation can read it (Fernet)."""
    return _fernet(data_dir).encrypt(plain)


def decrypt(data_dir: Path, token: bytes) -> bytes:
    """What `encrypt` was given. Raises cryptography.fernet.InvalidToken for another key file's work."""
    return _fernet(data_dir).decrypt(token)


def sign(data_dir: Path, purpose: str, text: str) -> str:
    """A signature of `text` for one purpose, in hex: nobody can make it without the key file."""
    return hmac.new(_key(data_dir, purpose), text.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare in constant time; any characters are allowed, as they come from outside."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def new_token() -> str:
    """256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """SHA-256 of a token, in hex: the only form in which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _fernet(data_dir: Path) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(data_dir, "encrypt")))


@lru_cache(maxsize=16)
def _key(data_dir: Path, purpose: str) -> bytes:
    """A key of its own for each purpose, all from the one file."""
    return hmac.new(_master(data_dir / KEY_FILE), purpose.encode(), hashlib.sha256).digest()


def _master(path: Path) -> bytes:
    """The file's key; made on the first call, by whichever process is first."""
    if not path.exists():
        _make(path)
    key = bytes.fromhex(path.read_text("ascii").strip())
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is damaged: restore it from where you keep it")
    return key


def _make(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails when another process was first: then its key holds
    except FileExistsError:
        pass
    finally:
        draft.unlink()

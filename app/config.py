"""Settings: every one is an environment variable, all are optional."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LANGUAGES = ("ru", "en")


class BadSetting(ValueError):
    """A setting that cannot be used; the message names it and says what to write instead."""


@dataclass(frozen=True)
class Settings:
    """What the operator chose. Durations are seconds unless the name says otherwise."""

    data_dir: Path
    database_url: str
    bind: str = "127.0.0.1:8000"
    workers: int = 1
    public_url: str = ""
    crm_token: str = ""
    pbx_url: str = ""
    pbx_token: str = ""
    recording_hosts: tuple[str, ...] = ()
    allow_private_hosts: bool = False
    lang: str = "ru"
    timezone: str = "Europe/Moscow"
    settle_seconds: float = 3
    ring_max_seconds: float = 120
    talk_max_seconds: float = 14400
    tabs_per_user: int = 10
    tabs_max: int = 10_000
    coalesce_ms: int = 250
    dial_patience_seconds: float = 8
    dial_total_seconds: float = 30

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone: day borders of rollups and zone-less times of the PBX."""
        return ZoneInfo(self.timezone)

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def host(self) -> str:
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.bind.rpartition(":")[2])

    @property
    def secure(self) -> bool:
        """True when browsers reach us under https: Secure cookies are possible then."""
        return self.public_url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may open the socket and post forms."""
        if self.public_url:
            return frozenset({self.public_url})
        port = "" if self.port == 80 else f":{self.port}"
        return frozenset(f"http://{name}{port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    @property
    def local_url(self) -> str:
        """Where a person on this machine opens Pult."""
        return self.public_url or f"http://127.0.0.1:{self.port}"


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings. Raises BadSetting with a sentence that says what to change."""
    env = os.environ if environ is None else environ
    data_dir = Path(env.get("PULT_DATA_DIR") or "data").absolute()
    database_url = _database_url(env.get("PULT_DATABASE_URL", ""), data_dir)
    settings = Settings(
        data_dir=data_dir,
        database_url=database_url,
        bind=_bind(env.get("PULT_BIND") or "127.0.0.1:8000"),
        workers=_integer(env, "PULT_WORKERS", 1, low=1),
        public_url=_origin(env.get("PULT_PUBLIC_URL", "")),
        crm_token=env.get("PULT_CRM_TOKEN", ""),
        pbx_url=env.get("PULT_PBX_URL", ""),
        pbx_token=env.get("PULT_PBX_TOKEN", ""),
        recording_hosts=_hosts(env.get("PULT_RECORDING_HOSTS", "")),
        allow_private_hosts=_switch(env, "PULT_ALLOW_PRIVATE_HOSTS"),
        lang=_language(env.get("PULT_LANG") or "ru"),
        timezone=_timezone(env.get("PULT_TIMEZONE") or "Europe/Moscow"),
        settle_seconds=_number(env, "PULT_SETTLE_SECONDS", 3),
        ring_max_seconds=_number(env, "PULT_RING_MAX_SECONDS", 120),
        talk_max_seconds=_number(env, "PULT_TALK_MAX_SECONDS", 14400),
        tabs_per_user=_integer(env, "PULT_TABS_PER_USER", 10, low=1),
        tabs_max=_integer(env, "PULT_TABS_MAX", 10_000, low=1),
        coalesce_ms=_integer(env, "PULT_COALESCE_MS", 250, low=0),
        dial_patience_seconds=_number(env, "PULT_DIAL_PATIENCE_SECONDS", 8),
        dial_total_seconds=_number(env, "PULT_DIAL_TOTAL_SECONDS", 30),
    )
    if settings.workers > 1 and settings.is_sqlite:
        raise BadSetting("PULT_WORKERS above 1 needs PostgreSQL: set PULT_DATABASE_URL=postgresql://…")
    return settings


def _database_url(value: str, data_dir: Path) -> str:
    if not value:
        return f"sqlite:///{data_dir / 'pult.db'}"
    for prefix in ("postgresql+psycopg://", "sqlite:///"):
        if value.startswith(prefix):
            return value
    for prefix in ("postgresql://", "postgres://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    raise BadSetting("PULT_DATABASE_URL must begin with postgresql:// (or be unset for SQLite)")


def _bind(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadSetting("PULT_BIND must be HOST:PORT, for example 127.0.0.1:8000")
    return value


def _origin(value: str) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise BadSetting("PULT_PUBLIC_URL must be an origin such as https://pult.example, without a path")
    # Browsers leave a default port out of the origin they send.
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        raise BadSetting(f"{name} must be a number of seconds, not {text!r}") from None
    if not 0 <= value < 10**9:
        raise BadSetting(f"{name} must not be negative or endless")
    return value


def _integer(env: Mapping[str, str], name: str, default: int, *, low: int) -> int:
    text = env.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadSetting(f"{name} must be a whole number, not {text!r}")
    value = int(text) if text else default
    if value < low:
        raise BadSetting(f"{name} must be at least {low}")
    return value


def _switch(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").lower()
    if text in ("", "0", "off", "no", "false"):
        return False
    if text in ("1", "on", "yes", "true"):
        return True
    raise BadSetting(f"{name} must be on or off, not {text!r}")


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise BadSetting(f"PULT_LANG must be one of {', '.join(LANGUAGES)}")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadSetting(f"PULT_TIMEZONE must be a zone name such as Europe/Moscow, not {value!r}") from None
    return value


def _hosts(value: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in value.split(",") if host.strip())

"""Instants on the wire. Inside the application every instant is an int: UTC epoch milliseconds."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Compact and dashed forms at once. A space before the offset was a plus before it went through a form.
_START = re.compile(
    r"(20[0-9]{2})-?([0-9]{2})-?([0-9]{2})[T ]([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r"(?:(Z)|([+\- ])([0-9]{2}):?([0-9]{2}))?",
    re.I,
)


def parse_start(raw: str | None, zone: ZoneInfo) -> int | None:
    """The `start` of a history as epoch milliseconds; None for nonsense.

    Later editions send `YYYYmmddTHHMMSSZ`; ISO with an offset occurs, and so does local time without
    one, which is read in `zone` (the earlier reading where the clocks go back).
    """
    found = _START.fullmatch((raw or "").strip())
    if found is None:
        return None
    *clock, fraction, zulu, sign, hours, minutes = found.groups()
    try:
        place: tzinfo = UTC if zulu else _offset(sign, hours, minutes) if sign else zone
        year, month, day, hour, minute, second = map(int, clock)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=place)
    except ValueError:
        return None
    return (moment - _EPOCH) // _MILLISECOND + int((fraction or "0").ljust(3, "0")[:3])


def _offset(sign: str, hours: str, minutes: str) -> timezone:
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-size if sign == "-" else size)


def compact(at: int) -> str:
    """An instant as the PBX writes it: `YYYYmmddTHHMMSSZ`."""
    return (_EPOCH + at * _MILLISECOND).strftime("%Y%m%dT%H%M%SZ")

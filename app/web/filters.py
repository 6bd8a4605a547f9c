"""How numbers, times and names are written. Pure: no request, no viewer, so live fragments may use them.

The language is the one Flask-Babel has at hand (a request's, or `force_locale` around a live fragment);
the zone is always an argument. Instants are epoch milliseconds, durations seconds.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale, gettext
from markupsafe import Markup

from app.pbx.numbers import pretty

DASH = "—"
NARROW = "\N{NO-BREAK SPACE}"


def phone(value: str | None) -> str:
    """A number for people: "+7 910 123-45-67", on one line. Empty: "number withheld"."""
    if not value:
        return str(gettext("Number withheld"))
    return pretty(value).replace(" ", NARROW)


def duration(seconds: float | None) -> str:
    """Seconds as a clock counts them: 0:07, 12:40, 1:02:03; a dash when there is none."""
    if seconds is None:
        return DASH
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float | None) -> str:
    """Seconds in words, roughly: "40 s", "12 min", "2 h 14 min", "3 d"."""
    if seconds is None:
        return DASH
    whole = max(0, int(seconds))
    if whole < 60:
        text = gettext("%(n)s s", n=whole)
    elif whole < 3600:
        text = gettext("%(n)s min", n=whole // 60)
    elif whole < 86_400:
        text = gettext("%(h)s h %(n)s min", h=whole // 3600, n=whole % 3600 // 60)
    else:
        text = gettext("%(n)s d", n=whole // 86_400)
    return str(text).replace(" ", NARROW)


def clock(at_ms: int | None, zone: str, seconds: bool = False) -> str:
    """The time of day of an instant in `zone`: 11:20, or 11:20:02."""
    if at_ms is None:
        return DASH
    return _local(at_ms, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(at_ms: int | None, zone: str, now_ms: int | None = None) -> str:
    """The day of an instant in `zone`: "Today, 23 November"; with the year when it is not this one."""
    if at_ms is None:
        return DASH
    date = _local(at_ms, zone).date()
    today = _local(now() if now_ms is None else now_ms, zone).date()
    written = _date(date.year == today.year, _local(at_ms, zone))
    if date == today:
        return str(gettext("Today, %(date)s", date=written))
    if date == today - timedelta(days=1):
        return str(gettext("Yesterday, %(date)s", date=written))
    return written


def moment(at_ms: int | None, zone: str) -> str:
    """Day and time of an instant in `zone`: "23 November, 11:20"."""
    if at_ms is None:
        return DASH
    local = _local(at_ms, zone)
    return f"{_date(local.year == _local(now(), zone).year, local)}, {local:%H:%M}"


def number(value: int | None) -> str:
    """A count with the language's thousands mark: 1 284."""
    return DASH if value is None else str(format_decimal(value, locale=_locale()))


def initials(name: str | None) -> str:
    """At most two capital letters of a name, for the round sign beside it."""
    words = re.findall(r"[^\W\d_]+", name or "")
    return "".join(word[0] for word in words[:2]).upper() or "•"


def attribute(at_ms: int | None) -> Markup:
    """`data-since="…"` of a running timer (ticked by static/js/timers.js); nothing without an instant."""
    return Markup("") if at_ms is None else Markup('data-since="{}"').format(int(at_ms))


def elapsed(at_ms: int | None, now_ms: int | None = None) -> int | None:
    """Whole seconds from an instant to now; never negative."""
    if at_ms is None:
        return None
    return max(0, ((now() if now_ms is None else now_ms) - at_ms) // 1000)


def now() -> int:
    """The server's clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000


def init_app(app: Flask) -> None:
    """Give the filters to every template."""
    filters = (phone, duration, span, clock, day, moment, number, initials, elapsed)
    for function in filters:
        app.add_template_filter(function)
    app.add_template_filter(attribute, "since")
    app.add_template_global(now, "now_ms")


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))


def _date(this_year: bool, local: datetime) -> str:
    if this_year:
        return str(format_skeleton("MMMMd", local, locale=_locale()))
    return str(format_date(local, "long", locale=_locale()))


def _locale() -> Locale:
    return get_locale() or Locale("en")

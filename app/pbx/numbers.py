"""Phone numbers: from whatever the PBX sends to E.164, and back to what a person reads.

Own rules come first: the library reads a bare `375…` as Russian and `101` as `+7101`.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

import phonenumbers

Kind = Literal["e164", "internal", "withheld", "other"]

WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "private"})

_LONGEST = 64
_LONGEST_E164 = 15
_EXTENSION = re.compile(r"\s*(?:доб\.?|ext\.?|x|#|,)\s*[0-9]{1,6}\s*$", re.I)
_NUMBER_LIKE = re.compile(r"\+?[0-9*#()./\s\u2010-\u2015-]+")
_NOT_DIGITS = re.compile(r"[^0-9]")
_RUSSIAN = re.compile(r"\+7[0-9]{10}")

# Countries that leave their own with 8 or 8~10 (Kazakhstan shares Russia's code as well).
_EIGHT_IS_TRUNK = frozenset({"RU", "KZ"})
_810_IS_ABROAD = frozenset({"RU", "KZ", "BY", "UZ", "TM", "TJ"})


class Number(NamedTuple):
    """A phone number, understood.

    `value`: `+79101234567` for e164; digits for internal; empty for withheld; for other the text as it
    came, stripped, at most 64 characters.
    """

    kind: Kind
    value: str


def normalise(raw: str | None, region: str = "RU") -> Number:
    """Understand a number as someone in `region` (ISO 3166, upper-case) would have dialled it."""
    raw = raw or ""
    if len(raw) > _LONGEST:  # not worth a place in the cache
        return Number("other", raw.strip()[:_LONGEST])
    return _normalise(raw, region)


@lru_cache(maxsize=16384)
def _normalise(raw: str, region: str) -> Number:
    text = raw.strip()
    if text.lower() in WITHHELD:
        return Number("withheld", "")
    bare = _EXTENSION.sub("", text)
    digits = _NOT_DIGITS.sub("", bare)
    if not digits or not _NUMBER_LIKE.fullmatch(bare):
        return Number("other", text)
    if 2 <= len(digits) <= 4:
        return Number("internal", digits)
    # A plus that went through a form unescaped has become a leading space.
    lost_plus = raw[0] == " " and "0" <= raw[1:2] <= "9"
    e164 = _e164(digits, region, plus=bare.startswith("+"), lost_plus=lost_plus)
    return Number("e164", e164) if e164 else Number("other", text)


def _e164(digits: str, region: str, *, plus: bool, lost_plus: bool) -> str | None:
    if plus:
        return _possible("+" + digits, None)
    if len(digits) == 11 and (digits[0] == "7" or (digits[0] == "8" and region in _EIGHT_IS_TRUNK)):
        return "+7" + digits[1:]
    abroad = "810" if region in _810_IS_ABROAD else "00"
    if digits.startswith((abroad, "00")) and len(digits) > 10:
        return _possible("+" + digits.removeprefix("00").removeprefix("810"), None)
    if lost_plus and _valid("+" + digits):
        return "+" + digits
    if len(digits) > 10 and digits[0] not in "08":
        return _possible("+" + digits, None) or _possible(digits, region)
    return _possible(digits, region)


def _possible(text: str, region: str | None) -> str | None:
    """E.164 when the length fits the country. Ranges are not asked: new ones open all the time."""
    if _RUSSIAN.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    e164 = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if e164.startswith("+7") and not _RUSSIAN.fullmatch(e164):
        return None  # the library lets 14 digits pass too, which nobody has
    return e164


def _valid(text: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, None)))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=1024)
def region_of(raw: str | None) -> str | None:
    """The country (ISO 3166) of one of our own numbers; None when it does not tell."""
    kind, value = normalise(raw)
    if kind != "e164":
        return None
    if value.startswith("+7"):
        return "KZ" if value[2] in "67" else "RU"
    region = phonenumbers.region_code_for_number(phonenumbers.parse(value, None))
    return str(region) if region else None


@lru_cache(maxsize=16384)
def pretty(value: str) -> str:
    """A number as people write it: `+7 910 123-45-67`; what is not E.164 comes back as it is."""
    if _RUSSIAN.fullmatch(value):
        return f"{value[:2]} {value[2:5]} {value[5:8]}-{value[8:10]}-{value[10:]}"
    if not value.startswith("+"):
        return value
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def dialable(value: str, region: str = "RU") -> str:
    """Digits only, as makeCall takes them (a `+` is refused live); empty when it cannot be dialled."""
    number = normalise(value, region)
    if number.kind == "other" and not re.fullmatch(r"[0-9*#()./\s-]+", number.value):
        return ""
    digits = _NOT_DIGITS.sub("", number.value)
    return digits if len(digits) <= _LONGEST_E164 else ""

"""The text of a note, wherever it is written."""

from __future__ import annotations


class BadNote(ValueError):
    """A note that cannot be kept; `code`: empty or too_long."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean(text: str, longest: int) -> str:
    """The text as it is stored. Raises BadNote for an empty one or one over `longest` characters."""
    text = text.replace("\0", "").strip()
    if not text:
        raise BadNote("empty")
    if len(text) > longest:
        raise BadNote("too_long")
    return text

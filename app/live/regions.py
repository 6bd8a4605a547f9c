"""How a fragment becomes a frame: which element of the page it goes to, and how."""

from __future__ import annotations

from markupsafe import Markup

from app.live.frames import encode


def swap(how: str, html: str) -> bytes:
    """A frame whose one root element htmx swaps `how` it says, for example `afterbegin:#pops`."""
    return encode(f'<div hx-swap-oob="{how}">{html}</div>')


def replace(html: str, how: str) -> bytes:
    """A frame that replaces an element by its new self; `how` names it, for example `outerHTML:#today`."""
    opening, rest = html.split(" ", 1)
    return encode(f'{opening} hx-swap-oob="{how}" {rest}')


def remove(selector: str, callid: str) -> bytes:
    """A frame that takes an element away."""
    root = Markup('<div hx-swap-oob="delete:{}" data-callid="{}"></div>')
    return encode(str(root.format(selector, callid)))

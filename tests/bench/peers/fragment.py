"""The fragment of about one kilobyte that every Python peer sends."""

from __future__ import annotations

PADDING = "x" * 620
TEMPLATE = (
    '<div id="pop" hx-swap-oob="beforeend">'
    '<article class="call incoming" id="call-{callid}" data-callid="{callid}">'
    '<h2>Incoming call</h2><p class="who"><a href="tel:+{phone}">+{phone}</a></p><p class="user">{user}</p>'
    '<p class="client">Client card &mdash; <a href="/clients/{phone}">open</a></p>'
    f'<div class="padding">{PADDING}</div></article></div>'
)


def fragment(callid: str, phone: str, user: str) -> str:
    """A call as a card."""
    return TEMPLATE.format(callid=callid, phone=phone, user=user)

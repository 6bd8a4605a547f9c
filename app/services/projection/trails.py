"""Reading the trail of a call: all its pushes, in inbox order."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, select

from app.models import CallKey, Push
from app.pbx.message import Message
from app.pbx.protocol import open_envelope, parse
from app.services.prepared import Prepared
from app.services.tracking import Push as TrailPush
from app.services.writer import Unit

TELLING = ("event", "history", "rating")  # `contact` asks, it tells nothing of the call

# The state is looked at here: asked for `state = 'ok'`, SQLite walks the whole inbox by that index.
_TRAIL = Prepared(
    select(Push.id, Push.received_at, Push.content_type, Push.body, Push.state)
    .join(CallKey, CallKey.id == Push.call_key_id)
    .where(CallKey.call_id == bindparam("call_id"), Push.cmd.in_(TELLING))
    .order_by(Push.id)
)


def read(unit: Unit, call_id: int) -> list[TrailPush]:
    """The trail of one call; empty when retention has removed it."""
    return [
        TrailPush(push_id, received_at, message(content_type, body))
        for push_id, received_at, content_type, body, state in _TRAIL.rows(unit.conn, {"call_id": call_id})
        if state == "ok"
    ]


@lru_cache(maxsize=1024)
def message(content_type: str, body: bytes) -> Message:
    """What a stored body says. A ringing call's bodies are read again with each of its pushes."""
    return parse(open_envelope(body, content_type).fields)

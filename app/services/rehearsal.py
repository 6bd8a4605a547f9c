"""One call played through the writer at the start, and taken back.

A statement is compiled when it is first used, and the first call uses all of them: without a rehearsal the
pushes of the first second after each start wait for that.
"""

from __future__ import annotations

from urllib.parse import urlencode

from app.services import intake
from app.services.connection import PBX_ID
from app.services.intake import Incoming
from app.services.tracking import Limits
from app.services.writer import Unit, Writer

FORM = "application/x-www-form-urlencoded"
CALL = {"callid": "rehearsal", "phone": "79000000000", "diversion": "79000000001", "user": "rehearsal"}
PUSHES = (
    {"cmd": "event", "type": "INCOMING"},
    {"cmd": "event", "type": "ACCEPTED"},
    {"cmd": "event", "type": "COMPLETED"},
    {"cmd": "history", "type": "in", "status": "Success", "duration": "1", "link": "https://pult.invalid/a"},
)


class _Over(Exception):
    """Ends the rehearsal: the transaction is rolled back with it."""


def rehearse(writer: Writer, limits: Limits) -> None:
    """Play one call; nothing of it stays. Raises Unavailable."""
    try:
        writer.write(_play, limits)
    except _Over:
        return


def _play(unit: Unit, limits: Limits) -> None:
    for push in PUSHES:
        body = urlencode({**CALL, **push}).encode()
        intake.store(unit, Incoming.read_again(PBX_ID, unit.now, FORM, body, source="http"), limits)
    raise _Over

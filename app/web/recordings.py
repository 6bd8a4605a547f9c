"""The sound of a call, never the PBX's own link."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from app.concurrency import run_blocking
from app.extensions import db
from app.runtime import runtime
from app.services import recordings
from app.services.recordings import Stored
from app.web.calls import visible
from app.web.context import reader, settings, write
from app.web.security import requires, viewer

bp = Blueprint("recordings", __name__)

# How long a listener waits for a recording that is fetched only now, and when to ask again.
WAIT_S = 9.0
RETRY_AFTER_S = 5
PENDING = ("new", "fetching")


@bp.get("/calls/<int:call_id>/recording")
@requires("agent", page=False)
def sound(call_id: int) -> ResponseReturnValue:
    """Our copy of a call's recording, fetched now if it is not here yet; `n` tells which, from 1."""
    call_id = visible(call_id)
    recording = _nth(call_id)
    if recording.state in PENDING:
        _fetch_now(recording)
        recording = _nth(call_id)
    if recording.state != "ready":
        return _not_here(recording)
    write(recordings.note_listened, viewer().id, viewer().session_id, recording.id)
    return _stream(recording)


def _nth(call_id: int) -> Stored:
    text = request.args.get("n", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    found = recordings.of_call(reader(), call_id)
    if not 1 <= number <= len(found):
        abort(404)
    return found[number - 1]


def _fetch_now(recording: Stored) -> None:
    """Try at once, as long as a listener may wait; a slower one goes on without us."""
    db.session.rollback()  # what is read next is what the fetcher wrote
    writer, engine = runtime().writer, db.engine
    try:
        run_blocking(recordings.fetch_by_hand, writer, engine, settings(), recording.id, timeout=WAIT_S)
    except TimeoutError:
        return


def _not_here(recording: Stored) -> ResponseReturnValue:
    if recording.state in PENDING:
        words = _("The recording is still on its way from the PBX. Try again in a few seconds.")
        answer = Response(render_template("calls/no_sound.html", words=words), 503)
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    return render_template("calls/no_sound.html", words=why_not(recording.state)), 404


def why_not(state: str) -> str:
    """Why a recording cannot be heard, in words."""
    if state == "refused":
        return str(
            _(
                "The recording lies on a host that is not allowed. "
                "The administrator names the hosts in the room “Connection”."
            )
        )
    if state == "failed":
        return str(_("What the PBX handed over is not a recording."))
    return str(_("The PBX has not handed over the file."))


def _stream(recording: Stored) -> ResponseReturnValue:
    path = recordings.folder(settings()) / recording.path
    try:
        answer = send_file(path.absolute(), recording.content_type, conditional=True, etag=True)
    except FileNotFoundError:
        abort(404)
    except RequestedRangeNotSatisfiable as error:
        return Response(status=416, headers={"Content-Range": f"bytes */{error.length or 0}"})
    name = f"call-{request.view_args['call_id']}{path.suffix}" if request.view_args else path.name
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return answer

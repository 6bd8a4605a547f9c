"""Connecting the PBX, step by step."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.extensions import db
from app.runtime import runtime
from app.services import accounts, checkup, connection, crm_keys, inbox, reconcile_log, recordings, secrets
from app.services.connection import PBX_ID, BadAddress
from app.services.writer import Unit
from app.web import check_words
from app.web.context import reader, settings, write
from app.web.security import requires, viewer

bp = Blueprint("admin_setup", __name__, url_prefix="/admin/setup")
bp.add_app_template_filter(check_words.pbx_reason)


@bp.get("")
@requires("admin")
def page() -> ResponseReturnValue:
    """The walk of the set-up: what stands, and what comes next."""
    return _page()


@bp.post("")
@requires("admin")
def save() -> ResponseReturnValue:
    """Keep address, key and recording hosts; the page then tests them by itself."""
    token = request.form.get("token", "").strip()
    try:
        url = _address()
        if not token and not connection.read(reader(), settings()).tail:
            raise BadAddress("no_token")
        sealed = secrets.encrypt(settings().data_dir, token.encode()) if token else None
        write(_save, viewer().id, url, sealed, request.form.get("recording_hosts", ""))
    except BadAddress as error:
        return _page(errors=_error(error), form=request.form), 422
    return redirect("/admin/setup?test=1", 303)


@bp.post("/test")
@requires("admin")
def test() -> ResponseReturnValue:
    """Ask the PBX for its users, and say what came of it."""
    pbx = connection.client(reader(), settings())
    db.session.remove()  # waiting must not keep a connection from others
    probe = connection.probe(pbx)
    told = {"ok": probe.code == "ok", "text": check_words.probed(probe)}
    if request.headers.get("HX-Request") == "true":
        return render_template("admin/_setup_test.html", test=told)
    return _page(test=told)


@bp.post("/keys")
@requires("admin")
def make_key() -> ResponseReturnValue:
    """Make a key for the PBX; this page is the only one that shows it."""
    key = secrets.new_token()
    write(crm_keys.add, viewer().id, key, request.form.get("label", ""))
    _mirror_keys()
    return _page(new_key=key)


@bp.post("/keys/<int:key_id>/revoke")
@requires("admin")
def revoke_key(key_id: int) -> ResponseReturnValue:
    """Let nobody in with this key any more."""
    if not write(crm_keys.revoke, viewer().id, key_id):
        abort(404)
    _mirror_keys()
    return redirect("/admin/setup", 303)


@bp.get("/pushes")
@requires("admin")
def pushes() -> ResponseReturnValue:
    """The third step alone, asked for again and again while the admin waits for the first push."""
    return render_template("admin/_setup_pushes.html", **_pushes())


def _address() -> str:
    typed = request.form.get("url", "")
    return connection.parse_address(typed, allow_http=settings().allow_private_hosts)


def _save(unit: Unit, by: int, url: str, token: bytes | None, hosts: str) -> None:
    connection.save_address(unit, by, url, token)
    connection.save_recording_hosts(unit, by, hosts)
    recordings.retry_refused(unit)  # what was refused before its host was named


def _mirror_keys() -> None:
    """The commit is over: the spool may read what it says."""
    with db.engine.connect() as conn:
        crm_keys.mirror(conn, settings())


def _error(error: BadAddress) -> dict[str, str]:
    """The form's field that is wrong, with a sentence."""
    said = {
        "empty": ("url", _("The address is needed.")),
        "scheme": ("url", _("The address must begin with https://.")),
        "host": ("url", _("This is no host name, such as your-name.pbx.example.")),
        "path": ("url", _("Only the host is needed, or the address of the API ending in /sys/crm_api.wcgp.")),
        "bad_recording_host": ("recording_hosts", _("These must be host names, such as records.example.")),
        "no_token": ("token", _("The key is needed.")),
    }
    field, sentence = said[error.code]
    return {field: sentence}


def _pushes() -> dict[str, Any]:
    zone = settings().zone
    midnight = datetime.combine(datetime.now(zone).date(), time(), zone)
    return {
        "last_push": inbox.latest(reader()),
        "pushes_today": inbox.count_since(reader(), int(midnight.timestamp() * 1000)),
        "refusals": inbox.refusals(reader(), limit=5),
    }


def _page(**more: Any) -> str:
    conn, chosen = reader(), settings()
    given = {"errors": {}, "form": {}, "test": None, "new_key": "", **more}
    checks = [(check.level, check_words.sentence(check)) for check in _checks()]
    return render_template(
        "admin/setup.html",
        pbx=connection.read(conn, chosen),
        push_url=f"{chosen.local_url}/pbx",
        push_url_check=checkup.public_url(chosen),
        push_url_words=check_words.sentence(checkup.public_url(chosen)),
        keys=crm_keys.every(conn),
        let_in=len(crm_keys.active_digests(conn, chosen)),
        unmapped=accounts.unmapped(conn, PBX_ID),
        accounts=accounts.count(conn, PBX_ID),
        checks=checks,
        reconciled=reconcile_log.last(conn),
        **_pushes(),
        **given,
    )


def _checks() -> list[checkup.Check]:
    return list(checkup.local(reader(), settings(), runtime().writer))

"""Liveness, readiness and metrics for whoever watches the server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import nan

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from app.models import Setting
from app.runtime import runtime
from app.services import health_state, metrics, schema
from app.services.clock import now
from app.services.health_state import Health
from app.services.pulse import Beat
from app.services.upsert import upsert
from app.services.writer import Unavailable, Unit
from app.web.security import client_address, may, public, requires
from app.web.viewer import LOOPBACK

bp = Blueprint("health", __name__)

READY_TIMEOUT_S = 3.0
PROBE = "ready_probe"


@bp.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """The process answers."""
    return _text("ok")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """The database can be written and stands at our migration: send traffic here."""
    try:
        stands_at = runtime().writer.submit(_probe, READY_TIMEOUT_S)
    except (Unavailable, TimeoutError):
        return _text("the database cannot be written"), 503
    if stands_at != _newest():
        return _text("migrations are missing: restart, or run `pult serve`"), 503
    return _text("\n".join(["ready", *_warnings(storage())]))


def _warnings(health: Health) -> Iterator[str]:
    if health.waiting:
        yield f"pushes wait on disk: {health.waiting.size} bytes"
    if health.is_disk_low:
        yield f"the disk is almost full: {health.free // 1048576} MiB left"


@bp.app_template_global("storage")
def storage() -> Health:
    """How this server's storage stands, for the banners of admins."""
    return health_state.look(runtime().settings.data_dir, runtime().writer)


@bp.get("/admin/storage")
@requires("admin", page=False)
def storage_banner() -> ResponseReturnValue:
    """The banner for pages that are open: they ask for it again and again."""
    return render_template("macros/_storage.html", health=storage())


@bp.get("/metrics")
@public
def prometheus() -> ResponseReturnValue:
    """What this process counted: for callers on this machine, and for admins."""
    if client_address() not in LOOPBACK and not may("admin"):
        abort(404)
    live = runtime().hub.stats()
    metrics.LIVE_TABS.set(live["tabs"])
    metrics.WAITING_BYTES.set(live["waiting_bytes"])
    beat = feed()
    metrics.FEED_SILENT.set(beat.silent)
    metrics.FEED_LAST_PUSH.set(nan if beat.last_at is None else max(0, now() - beat.last_at) / 1000)
    return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


@bp.app_template_global("feed")
def feed() -> Beat:
    """Whether the PBX still speaks to us, as of the last look; it costs nothing."""
    return runtime().pulse.beat


def _probe(unit: Unit) -> str:
    """Really write one row: a full disk refuses nothing less. Returns the migration."""
    stands_at = schema.current(unit.conn)
    if stands_at == _newest():
        upsert(unit.conn, Setting, {"name": PROBE}, {"value": str(unit.now)})
    return stands_at


@cache
def _newest() -> str:
    return schema.newest()


def _text(words: str) -> Response:
    return Response(words + "\n", mimetype="text/plain")

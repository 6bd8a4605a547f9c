"""`pult demo`: Pult with a sample company and a PBX that makes calls, on data that is thrown away."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from app.cli.serve import ROOT, checked_settings
from app.config import Settings, from_environment
from app.pbx.company import CLIENTS, DIDS, PEOPLE
from app.pbx.fake import FakePbx
from app.pbx.traffic import live_traffic

EVERY_S = 5.0
FIRST_S, OFTEN_S = 5.0, 12.0  # when, and how often, the printed agent's phone rings


@click.command()
def demo() -> None:
    """Serve a sample company with live calls until Ctrl-C; nothing of it stays."""
    signal.signal(signal.SIGTERM, _interrupt)  # end as Ctrl-C does: the server stops, the data goes
    bind = checked_settings().bind
    folder = Path(tempfile.mkdtemp(prefix="pult-demo-"))
    try:
        with _pbx(bind) as pbx:
            settings = _environment(folder, bind, pbx)
            password = secrets.token_urlsafe(8)
            _prepare(settings, pbx, password)
            _run(settings, pbx, password)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _pbx(bind: str) -> Iterator[FakePbx]:
    """The built-in PBX, which pushes to this address."""
    port = bind.rpartition(":")[2]
    crm_url = f"http://127.0.0.1:{port}/pbx"
    pbx = FakePbx(token=secrets.token_urlsafe(16), crm_url=crm_url, crm_token=secrets.token_urlsafe(24))
    pbx.route = True
    pbx.start()
    try:
        yield pbx
    finally:
        pbx.stop()


def _environment(folder: Path, bind: str, pbx: FakePbx) -> Settings:
    """Settings that know nothing of a real installation; the server's process inherits them."""
    kept = ("PULT_PUBLIC_URL", "PULT_LANG", "PULT_TIMEZONE", "PULT_LOG_LEVEL")
    for name in [name for name in os.environ if name.startswith("PULT_") and name not in kept]:
        del os.environ[name]
    os.environ |= {
        "PULT_DATA_DIR": str(folder),
        "PULT_BIND": bind,
        "PULT_ALLOW_PRIVATE_HOSTS": "on",
        "PULT_CRM_TOKEN": pbx.calls.crm_token,
        "PULT_PBX_URL": pbx.url,
        "PULT_PBX_TOKEN": pbx.token,
        "PULT_RECORDING_HOSTS": "127.0.0.1",
    }
    return from_environment()


def _prepare(settings: Settings, pbx: FakePbx, password: str) -> None:
    """The database with people, contacts and the last days' calls."""
    from app import create_app
    from app.cli import demo_company
    from app.services import schema

    app = create_app(settings)
    runtime = app.extensions["pult"]
    with app.app_context():
        schema.migrate()
        demo_company.furnish(runtime, password)
        with click.progressbar(length=1, label="Calls of the last days") as bar:

            def show(done: int, of: int) -> None:
                bar.length = of
                bar.update(done - bar.pos)

            demo_company.remember(runtime, pbx.base_url, show)
    runtime.stop()


def _run(settings: Settings, pbx: FakePbx, password: str) -> None:
    """Serve in a process of its own while this one plays the PBX."""
    stop = threading.Event()
    server = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=ROOT)
    try:
        _tell(settings, password)
        traffic = partial(live_traffic, pbx, stop, every_s=EVERY_S)
        threading.Thread(target=traffic, daemon=True).start()
        threading.Thread(target=_ring_the_agent, args=(pbx, stop), daemon=True).start()
        server.wait()
    except KeyboardInterrupt:
        click.echo("\nThe demo is over.")
    finally:
        stop.set()
        server.terminate()
        server.wait()
    if server.returncode > 0:
        raise click.ClickException(f"the server could not start; is {settings.bind} taken? Set PULT_BIND")


def _tell(settings: Settings, password: str) -> None:
    from app.cli.demo_company import AGENT, STAFF

    rows = [(AGENT.email, AGENT.real_name, "agent"), *STAFF]
    click.echo(f"\nOpen {settings.local_url} and log in with the password  {password}\n")
    for email, name, role in rows:
        click.echo(f"  {role:<11} {email:<28} {name}")
    click.echo("\nEvery few seconds somebody calls. Ctrl-C ends the demo and removes its data.\n")


def _ring_the_agent(pbx: FakePbx, stop: threading.Event) -> None:
    """Let the printed agent's phone ring again and again: alone, with a group, answered or not."""
    chance = random.Random(7)  # noqa: S311 - a demo, not a secret
    agent = PEOPLE[0].name
    # The PBX routes known clients to whoever is responsible, and strangers of past days are known by now.
    callers = [client.phone for client in CLIENTS if client.responsible == agent]
    pause_s = FIRST_S
    while not stop.wait(pause_s):
        logins = chance.choice(((agent,), DIDS[0].logins))
        answered_by = chance.choice((agent, agent, logins[-1], None))
        ring_s = chance.uniform(5, 9)
        caller = chance.choice(callers)
        pbx.ring(caller, DIDS[0].number, logins, answered_by=answered_by, ring_s=ring_s, talk_s=12)
        pause_s = OFTEN_S

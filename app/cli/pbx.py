"""`pult pbx`: the built-in PBX, and replaying recorded pushes."""

import threading
from collections.abc import Mapping
from pathlib import Path

import click

from app.pbx.fake import FakePbx
from app.pbx.player import BadLine, play
from app.pbx.traffic import live_traffic


@click.group()
def pbx() -> None:
    """A PBX to talk to when there is none, and a player of recorded pushes."""


@pbx.command()
@click.option("--port", default=8090, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--token", default="demo-pbx-token", show_default=True, help="The key it wants from us.")
@click.option("--crm-url", help="Where its pushes go, e.g. http://127.0.0.1:8000/pbx.")
@click.option("--crm-token", default="", help="The key its pushes carry.")
@click.option("--traffic", type=float, metavar="SECONDS", help="A new call every so many seconds.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster than life calls run.")
def serve(
    port: int, token: str, crm_url: str | None, crm_token: str, traffic: float | None, speed: float
) -> None:
    """Serve accounts, makeCall, history and recordings until Ctrl-C."""
    try:
        fake = FakePbx(token=token, crm_url=crm_url, crm_token=crm_token, port=port, speed=speed)
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
    fake.start()
    click.echo(f"PBX at {fake.url} with key {token}")
    stop = threading.Event()
    try:
        if traffic:
            live_traffic(fake, stop, every_s=traffic)
        stop.wait()
    except KeyboardInterrupt:
        click.echo("stopping")
    finally:
        fake.stop()


@pbx.command("play")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", required=True, help="The CRM's entry point, e.g. http://127.0.0.1:8000/pbx.")
@click.option("--token", required=True, help="The key to send in place of every crm_token.")
@click.option("--speed", default=1.0, show_default=True, help="How much faster than recorded; 0: at once.")
def play_file(file: Path, url: str, token: str, speed: float) -> None:
    """Replay FILE, lines of {"t": seconds, "form": {…}}; Ctrl-C breaks off."""
    try:
        with file.open(encoding="utf-8") as lines:
            answers = play(lines, url, token, speed, _show)
    except BadLine as error:
        raise click.ClickException(str(error)) from error
    click.echo(", ".join(f"{said}: {count}" for said, count in sorted(answers.items())) or "nothing sent")
    if answers["no answer"]:
        raise click.ClickException(f"{url} gave no answer {answers['no answer']} times")


def _show(number: int, form: Mapping[str, str], said: str) -> None:
    click.echo(
        f"{number:5}  {said:>9}  {form.get('cmd', '?'):8} {form.get('type', ''):10} {form.get('callid', '')}"
    )

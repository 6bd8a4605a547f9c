"""The company whose phones ring: people with PBX users and open sessions, clients, in a folder to copy."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from app import create_app
from app.config import from_environment
from app.extensions import db
from app.models import User
from app.services import sessions
from app.services.schema import migrate
from tests.scene import Scene

CLIENTS = 400
NAMED = 200


@dataclass(frozen=True)
class Company:
    """`agents` and `supervisors` are cookies; agent n is the PBX user `agent<n>`."""

    data_dir: Path
    agents: list[str]
    supervisors: list[str]

    def copy(self, folder: Path) -> Path:
        """The data for one server, which may change it."""
        target = folder / "data"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.data_dir, target, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        return target


def login(agent: int) -> str:
    """An agent's name at the PBX."""
    return f"agent{agent}"


def phone(client: int) -> str:
    """A client's number; the first NAMED of them are contacts."""
    return f"7900{client:07}"


def found(folder: Path, agents: int, supervisors: int, named: int = NAMED) -> Company:
    """Make the company in `folder`."""
    app = create_app(from_environment({"PULT_DATA_DIR": str(folder)}))
    with app.app_context():
        migrate()
        scene = Scene(app)
        people = [scene.person(f"Agent {n}", login(n)) for n in range(agents)]
        seniors = [scene.person(f"Senior {n}") for n in range(supervisors)]
        senior = update(User).where(User.id.in_(seniors)).values(role="supervisor")
        scene.writer.submit(lambda unit: unit.conn.execute(senior) and None)
        for n in range(named):
            scene.contact(phone(n), f"Client {n}", responsible_id=people[n % agents])
        cookies = [scene.writer.write(sessions.start, user_id) for user_id in people + seniors]
        app.extensions["pult"].stop()
        db.engine.dispose()
    with sqlite3.connect(folder / "pult.db") as whole:  # the file alone is copied
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole.close()
    return Company(folder, cookies[:agents], cookies[agents:])


def owners(tabs: int) -> Iterator[int]:
    """Whose tab each is, as the load generator deals them out: users with one, two and three tabs in turn."""
    user = 0
    while tabs > 0:
        size = user % 3 + 1
        yield from [user] * min(size, tabs)
        tabs -= size
        user += 1


def cookies_file(path: Path, company: Company, tabs: int, boards: int) -> Path:
    """A cookie a line for `tabs` tabs of agents and `boards` of supervisors."""
    lines = [company.agents[user] for user in owners(tabs)]
    lines += [company.supervisors[n % len(company.supervisors)] for n in range(boards)]
    path.write_text("".join(f"pult={line}\n" for line in lines))
    return path

"""The company of the browser tests: its people, and what the server knows before anybody calls."""

from __future__ import annotations

from typing import NamedTuple

from app import create_app
from app.config import from_environment
from app.extensions import db
from app.models import Did
from app.pbx.company import PEOPLE
from app.services import contacts, people, sessions
from app.services.accounts import sync
from app.services.connection import PBX_ID
from app.services.contacts import NewContact
from app.services.upsert import upsert
from app.services.writer import Unit
from tests.personas import PASSWORD_HASH
from tests.serving import Served


class Someone(NamedTuple):
    """A person of the company; `login` is their user of the PBX."""

    email: str
    name: str
    role: str
    login: str = ""
    lang: str = "ru"


VASILISA = Someone("vasilisa@skazka.example", "Василиса Премудрая", "agent", "vasilisa")
IVAN = Someone("ivan@skazka.example", "Иван Царевич", "agent", "ivan")
MARIA = Someone("maria@skazka.example", "Марья Моревна", "agent", "maria")
EMELYA = Someone("emelya@skazka.example", "Емеля Щукин", "agent")
KOSCHEI = Someone("koschei@skazka.example", "Кощей Бессмертный", "supervisor")
YAGA = Someone("yaga@skazka.example", "Баба Яга", "admin")
# Somebody for whom every page is as hard to lay out as it may get, in the other language.
GUEST = Someone(
    "guest@skazka.example",
    "Простоквашин-Матроскин Фёдор Емельянович фон Деревня-Простоквашино",
    "admin",
    lang="en",
)
STAFF = (VASILISA, IVAN, MARIA, EMELYA, KOSCHEI, YAGA, GUEST)
NOBODYS_LOGINS = tuple(account for account in PEOPLE if account.name in ("emelya", "finist"))

SITE, SITE_LABEL = "79000000001", "Сайт"
FISH_PHONE, FISH = "79000000211", "Золотая Рыбка"


def furnish(served: Served) -> dict[str, str]:
    """Write the company into the database of a server that is not running yet.

    Returns the cookie of a log-in of each person, by e-mail.
    """
    app = create_app(from_environment(served.environment))
    runtime = app.extensions["pult"]
    with app.app_context():
        cookies: dict[str, str] = runtime.writer.write(_company)
        db.engine.dispose()
    runtime.stop()
    return cookies


def _company(unit: Unit) -> dict[str, str]:
    upsert(unit.conn, Did, {"number": f"+{SITE}"}, {"label": SITE_LABEL, "pops": True})
    mapped = {someone.login for someone in STAFF}
    sync(unit, PBX_ID, [account for account in PEOPLE if account.name in mapped] + list(NOBODYS_LOGINS))
    ids = {someone: _person(unit, someone) for someone in STAFF}
    fish = NewContact([FISH_PHONE], FISH, "ООО «Синее море»", responsible_id=ids[IVAN])
    contacts.create(unit, fish)
    return {someone.email: sessions.start(unit, id) for someone, id in ids.items()}


def _person(unit: Unit, someone: Someone) -> int:
    values = someone._asdict()
    login = values.pop("login")
    user_id = people.add(unit, None, **values, password=PASSWORD_HASH)
    if login:
        people.map_login(unit, PBX_ID, login, user_id)
    return user_id

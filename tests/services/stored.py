"""What is in the tables now, read by itself: no session of a test remembers it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Leg, PbxAccount


def rows(model: Any) -> list[Any]:
    with Session(db.engine) as session:
        return list(session.execute(select(model)).scalars())


def only(model: Any) -> Any:
    found = rows(model)
    assert len(found) == 1, found
    return found[0]


def legs() -> dict[str, Leg]:
    query = select(PbxAccount.login, Leg).join(PbxAccount, PbxAccount.id == Leg.account_id)
    with Session(db.engine) as session:
        return dict(session.execute(query).all())

"""The declarative base every table hangs on.

Rules of the tables: an instant is an integer, UTC epoch milliseconds, and is named `*_at`;
a duration is seconds and is named `*_s`; an enumeration is stored as its English code.
"""

from __future__ import annotations

from typing import Annotated, cast

from sqlalchemy import BigInteger, Integer, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite gives rowids only to INTEGER keys, PostgreSQL wants room for a decade of pushes.
BigInt = BigInteger().with_variant(Integer, "sqlite")

BigKey = Annotated[int, mapped_column(BigInt, primary_key=True, autoincrement=True)]
Key = Annotated[int, mapped_column(Integer, primary_key=True, autoincrement=True)]
Instant = Annotated[int, mapped_column(BigInt)]
Code = Annotated[str, mapped_column(String(32))]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Plain declarative base: MappedAsDataclass does not work with Flask-SQLAlchemy on 2.1."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> Table:
    """The model's table: what Core wants where the ORM's own handling would only cost time."""
    return cast(Table, model.__table__)

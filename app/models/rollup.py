"""Counts kept in the same transaction as the calls, in the company's time zone."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Code

# 0 stands for "none" (no number of ours, no person): a key column cannot be empty.
NONE = 0


class _Counts:
    direction: Mapped[Code] = mapped_column(primary_key=True)
    outcome: Mapped[Code] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
    duration_s: Mapped[int] = mapped_column(BigInteger, default=0)
    wait_s: Mapped[int] = mapped_column(BigInteger, default=0)


class CallHour(_Counts, Base):
    """Calls by hour of the company's clock (`2026-10-03T16`) and our number."""

    __tablename__ = "call_hour"

    hour: Mapped[str] = mapped_column(String(13), primary_key=True)
    did_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CallDay(_Counts, Base):
    """Legs by day and person."""

    __tablename__ = "call_day"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CallDate(_Counts, Base):
    """Calls by our number and day, for long ranges of one number."""

    __tablename__ = "call_date"

    did_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)


class CallMonth(_Counts, Base):
    """Legs by month (`2026-10`) and person."""

    __tablename__ = "call_month"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CallFacet(Base):
    """Which mixes of number, direction, outcome and recorded exist: the log's filters walk these."""

    __tablename__ = "call_facet"

    did_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    direction: Mapped[Code] = mapped_column(primary_key=True)
    outcome: Mapped[Code] = mapped_column(primary_key=True)
    recorded: Mapped[bool] = mapped_column(primary_key=True)

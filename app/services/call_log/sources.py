"""Where keys of the log are read from: each mix of filters has an index that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, Join, Select, and_, exists, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from app.models import Call, CallFacet, Leg
from app.models.rollup import NONE
from app.services.call_log.filters import Filters


class Key(NamedTuple):
    """A call's place in the log; the id 0 stands before every call of that instant."""

    started_at: int
    id: int

    def __str__(self) -> str:
        return f"{self.started_at}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """A key from an address, or None when it is none."""
        at, _, call_id = text.partition(".")
        if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (at, call_id)):
            return None
        return cls(int(at), int(call_id))


class Span(NamedTuple):
    """A piece of the time line: keys above `low` and below `high` (None: no end), in that order."""

    low: Key
    high: Key | None
    newest_first: bool = True


@dataclass(frozen=True)
class Source:
    """One way to read keys: a statement without bounds, and the columns that make the key."""

    statement: Select[*tuple[Any, ...]]
    at: Any
    id: Any

    def within(self, span: Span) -> Select[*tuple[Any, ...]]:
        """The statement bounded to a span and ordered."""
        at, call_id = self.at, self.id
        if span.newest_first:
            at, call_id = at.desc(), call_id.desc()
        return self.bounded(span).order_by(at, call_id)

    def bounded(self, span: Span) -> Select[*tuple[Any, ...]]:
        """The statement bounded to a span."""
        low, high = span.low, span.high
        key = tuple_(self.at, self.id)
        bounds = [self.at >= low.started_at if low.id == 0 else key > tuple_(*low)]
        if high is not None:
            bounds.append(self.at < high.started_at if high.id == 0 else key < tuple_(*high))
        return self.statement.where(*bounds)


def sources(filters: Filters) -> list[Source]:
    """The statements whose keys together are the answer."""
    if filters.people is not None:
        return [_of_person(filters, account_id) for account_id in filters.people]
    if filters.phones is not None and filters.phones.few_calls:
        return [_plain(filters)]
    return _by_facet(filters) if has_facet(filters) else [_plain(filters)]


def _of_person(filters: Filters, account_id: int) -> Source:
    """From the leg index alone, which carries every column that filters ask for."""
    fits = [Leg.account_id == account_id, *_conditions(filters, Leg)]
    if filters.also is not None:
        other = Leg.__table__.alias("other")
        theirs = other.c.account_id.in_(filters.also)
        fits.append(exists(select(1).where(other.c.call_id == Leg.call_id, theirs)))
    return Source(select(Leg.started_at, Leg.call_id).where(*fits), Leg.started_at, Leg.call_id)


def _plain(filters: Filters) -> Source:
    """From the time line, or from few numbers."""
    return Source(
        select(Call.started_at, Call.id).where(*_conditions(filters, Call)), Call.started_at, Call.id
    )


def _by_facet(filters: Filters) -> list[Source]:
    """From the mixes of number, direction, outcome and recorded that exist, each one a range of an index.

    Calls without a number of ours need a branch of their own: no index finds NULL by a join's equality.
    """
    facet = _conditions(filters, CallFacet, phones=False)
    same = and_(
        Call.direction == CallFacet.direction,
        Call.outcome == CallFacet.outcome,
        Call.recorded == CallFacet.recorded,
    )
    branches = [(CallFacet.did_id != NONE, Call.did_id == CallFacet.did_id)]
    if filters.did_ids is None:
        branches.append((CallFacet.did_id == NONE, Call.did_id.is_(None)))
    found = []
    for which, join in branches:
        mixes_first = _Leading(CallFacet.__table__, Call.__table__, and_(join, same))
        statement = select(Call.started_at, Call.id).select_from(mixes_first).where(which, *facet)
        if filters.phones is not None:
            statement = statement.where(filters.phones.match(Call.phone_id))
        found.append(Source(statement, Call.started_at, Call.id))
    return found


class _Leading(Join):
    """A join whose left side SQLite must walk first: it would walk the time line instead."""

    inherit_cache = True


@compiles(_Leading, "sqlite")
def _in_order(join: _Leading, compiler: SQLCompiler, **options: Any) -> str:
    options["asfrom"] = True
    left, right = compiler.process(join.left, **options), compiler.process(join.right, **options)
    condition = "" if join.onclause is None else compiler.process(join.onclause, **options)
    return f"{left} CROSS JOIN {right} ON {condition}"


def _conditions(filters: Filters, model: Any, *, phones: bool = True) -> list[ColumnElement[bool]]:
    """The filters on one table that has the call's columns: call, leg or call_facet."""
    fits: list[ColumnElement[bool]] = []
    if filters.direction:
        fits.append(model.direction == filters.direction)
    if filters.outcome:
        fits.append(model.outcome == filters.outcome)
    if filters.recorded is not None:
        fits.append(model.recorded == filters.recorded)
    if filters.did_ids is not None:
        fits.append(model.did_id.in_(filters.did_ids))
    if phones and filters.phones is not None:
        fits.append(filters.phones.match(model.phone_id))
    return fits


def has_facet(filters: Filters) -> bool:
    """True when the filters name what call_facet keeps."""
    return (
        bool(filters.direction or filters.outcome)
        or filters.recorded is not None
        or filters.did_ids is not None
    )

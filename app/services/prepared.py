"""Statements of the push's way: compiled once, then run by the database's own driver.

SQLAlchemy makes the SQL from the models, so that both databases get theirs; running it through SQLAlchemy
costs six times what SQLite takes for it (36 µs against 6), and a push has half a dozen statements. Rows are
plain tuples, a truth value of SQLite is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors

Values = Mapping[str, Any]


class _Compiled(NamedTuple):
    """SQL for one driver, the values that every run has, and how the driver wants them all."""

    sql: str
    fixed: dict[str, Any]
    arrange: Callable[[Values], Any]


class Prepared:
    """One statement of Core. For an INSERT or UPDATE `columns` names those that each run sets."""

    __slots__ = ("_columns", "_compiled", "_statement")

    def __init__(self, statement: Any, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, conn: Connection, values: Values = {}) -> Any:  # noqa: B006 - only read
        """Run it on a connection's driver and return the driver's cursor.

        Raises SQLAlchemy's DBAPIError like every other statement.
        """
        compiled = self._compiled.get(conn.dialect.name) or self._compile(conn.dialect)
        if compiled.fixed:
            values = {**compiled.fixed, **values}
        driver: Any = conn.connection.driver_connection
        try:
            return driver.execute(compiled.sql, compiled.arrange(values))
        except conn.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy(error, compiled.sql, conn.dialect, driver) from error

    def rows(self, conn: Connection, values: Values = {}) -> list[Any]:  # noqa: B006 - only read
        """All rows, as tuples."""
        found: list[Any] = self.run(conn, values).fetchall()
        return found

    def row(self, conn: Connection, values: Values = {}) -> Any:  # noqa: B006 - only read
        """The first row as a tuple, None when there is none."""
        return self.run(conn, values).fetchone()

    def scalar(self, conn: Connection, values: Values = {}) -> Any:  # noqa: B006 - only read
        """The first column of the first row, None when there is none."""
        found = self.run(conn, values).fetchone()
        return None if found is None else found[0]

    def _compile(self, dialect: Dialect) -> _Compiled:
        options: dict[str, Any] = {} if self._columns is None else {"column_keys": list(self._columns)}
        made = self._statement.compile(dialect=dialect, **options)
        asked = {name for name, bind in made.binds.items() if bind.required}
        if made.post_compile_params:  # IN (…) over a list that is a part of the statement
            free = visitors.cloned_traverse(self._statement, {}, {"bindparam": _need_no_value})
            made = free.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        asked |= set(self._columns or ())
        fixed = {n: value for n, value in made.construct_params(_check=False).items() if n not in asked}
        fixed |= {column.key: column.default.arg for column in made.insert_prefetch}
        compiled = self._compiled[dialect.name] = _Compiled(str(made), fixed, _arranger(made.positiontup))
        return compiled


def _need_no_value(bind: Any) -> None:
    bind.required = False


def _arranger(order: Sequence[str] | None) -> Callable[[Values], Any]:
    """How a driver wants the values: by name, or in the order of their places."""
    if order is None:
        return lambda values: values
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: tuple(values[name] for name in order)


def _as_sqlalchemy(error: Exception, sql: str, dialect: Dialect, driver: Any) -> BaseException:
    """The driver's error as SQLAlchemy raises it; without the values, which may be personal data."""
    gone = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
    return DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=dialect,
    )

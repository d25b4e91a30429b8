"""The only place that writes PostgreSQL's text for the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Table

from ordercore.adapters.sql.postgres_arrays import array, array_type
from ordercore.adapters.sql.wire import Cursor, Row


def _same(value: Any) -> Any:
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


@frozen
class _Write:
    """A write that waits for others to travel with."""

    table: Table
    statement: str
    values: list[str]


class PostgresWire:
    """PostgreSQL: flat arrays, one round trip a statement; locks are FOR NO KEY UPDATE.

    What a transaction writes at its end is one statement: its parts see none of each other's rows, foreign keys are
    checked when it is over.
    """

    claims_in_place = True

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._staged: list[_Write] | None = None
        self.id: Callable[[UUID], Any] = _same
        self.to_id: Callable[[Any], UUID] = _same
        self.moment: Callable[[datetime], Any] = _same
        self.to_moment: Callable[[Any], datetime] = _in_utc

    @contextmanager
    def together(self) -> Iterator[None]:
        self._staged = []
        try:
            yield
            self._send()
        finally:
            self._staged = None

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(_marked(statement), parameters)
        return self._cursor.fetchall()

    def rows(
        self,
        table: Table,
        columns: str,
        keys: Iterable[Any],
        *,
        by: str = "id",
        order: str = "",
        lock: bool = False,
        free: bool = False,
    ) -> list[tuple[Any, ...]]:
        wanted = list(keys)
        if not wanted:
            return []
        kind = array_type(table, by)
        self._cursor.execute(
            _select(table.name, columns, by, order, kind, _LOCKING[lock, free]), (array(wanted, kind),)
        )
        return self._cursor.fetchall()

    def among(self, statement: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self.run(_among(statement), (array(keys, "uuid[]"),)) if keys else []

    def pairs(self, table: Table, columns: str, by: tuple[str, str], names: Iterable[Row]) -> list[tuple[Any, ...]]:
        rows = list(names)
        if not rows:
            return []
        self._cursor.execute(_pairs(table, columns, by), self._arrays(table, by, rows))
        return self._cursor.fetchall()

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._write(table, _insert(table), self._arrays(table, _names(table), rows))

    def claim(self, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> list[tuple[Any, ...]]:
        if not rows:
            return []
        statement = f"{_insert(table)} ON CONFLICT {conflict} DO NOTHING RETURNING {returning}"
        self._cursor.execute(statement, self._arrays(table, _names(table), rows))
        return self._cursor.fetchall()

    def update(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row], *, also: str = ""
    ) -> None:
        if rows:
            statement = _update(table, tuple(columns), tuple(by), also)
            self._write(table, statement, self._arrays(table, (*columns, *by), rows))

    def delete(self, table: Table, by: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            self._write(table, _delete(table, tuple(by)), self._arrays(table, by, rows))

    def _write(self, table: Table, statement: str, values: list[str]) -> None:
        """Now, or together with others. One statement never writes a table twice: it would not see its own rows."""
        if self._staged is None:
            self._cursor.execute(statement, values)
            return
        if any(staged.table is table for staged in self._staged):
            self._send()
        self._staged.append(_Write(table, statement, values))

    def _send(self) -> None:
        staged, self._staged = self._staged, []
        if staged:
            statement = _joined(tuple(each.statement for each in staged))
            self._cursor.execute(statement, [value for each in staged for value in each.values])

    def _arrays(self, table: Table, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
        kinds = [array_type(table, name) for name in names]
        return [array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]


@lru_cache(maxsize=256)
def _joined(statements: tuple[str, ...]) -> str:
    """One statement of several writes: all but the last as common table expressions."""
    *first, last = statements
    parts = ", ".join(f"part_{number} AS ({each})" for number, each in enumerate(first))
    return f"WITH {parts} {last}" if parts else last


@lru_cache(maxsize=64)
def _names(table: Table) -> tuple[str, ...]:
    return tuple(table.columns.keys())


@lru_cache(maxsize=256)
def _marked(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")


_LOCKING = {
    (False, False): "",
    (True, False): " FOR NO KEY UPDATE",
    (True, True): " FOR NO KEY UPDATE SKIP LOCKED",
}


@lru_cache(maxsize=256)
def _select(table: str, columns: str, by: str, order: str, kind: str, locking: str) -> str:
    return f"SELECT {columns} FROM {table} WHERE {by} = ANY(%s::{kind}) ORDER BY {order or by}{locking}"


@lru_cache(maxsize=64)
def _insert(table: Table) -> str:
    names = ", ".join(table.columns.keys())
    arrays = ", ".join(f"%s::{array_type(table, name)}" for name in table.columns.keys())  # noqa: SIM118 - a column collection
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"


@lru_cache(maxsize=64)
def _among(statement: str) -> str:
    return statement.format(among="= ANY(?::uuid[])")


@lru_cache(maxsize=64)
def _pairs(table: Table, columns: str, by: tuple[str, str]) -> str:
    kinds = ", ".join(f"%s::{array_type(table, name)}" for name in by)
    return f"SELECT {columns} FROM {table.name} WHERE ({by[0]}, {by[1]}) IN (SELECT * FROM unnest({kinds}))"


@lru_cache(maxsize=64)
def _update(table: Table, columns: tuple[str, ...], by: tuple[str, ...], also: str) -> str:
    arrays = ", ".join(f"%s::{array_type(table, name)}" for name in (*columns, *by))
    names = ", ".join((*columns, *(f"key_{name}" for name in by)))
    values = ", ".join(f"{name} = changed.{name}" for name in columns)
    matches = [f"{table.name}.{name} = changed.key_{name}" for name in by]
    where = " AND ".join([*matches, *([f"{table.name}.{also}"] if also else [])])
    return f"UPDATE {table.name} SET {values} FROM unnest({arrays}) AS changed({names}) WHERE {where}"


@lru_cache(maxsize=64)
def _delete(table: Table, by: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{array_type(table, name)}" for name in by)
    names = ", ".join(by)
    where = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in by)
    return f"DELETE FROM {table.name} USING unnest({arrays}) AS gone({names}) WHERE {where}"

"""The only place that writes SQLite's text for the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import Table

from ordercore.adapters.sql.column_types import from_micros, to_micros
from ordercore.adapters.sql.wire import Cursor, Row

_set = object.__setattr__
_unknown = SafeUUID.unknown


@lru_cache(maxsize=16_384)
def _uuid_of(raw: bytes) -> UUID:
    """UUID(bytes=raw) without its checks, and kept: products, customers and managers come again and again."""
    id = object.__new__(UUID)
    _set(id, "int", int.from_bytes(raw, "big"))
    _set(id, "is_safe", _unknown)
    return id


def _bytes_of(id: UUID) -> bytes:
    return id.int.to_bytes(16, "big")


class SqliteWire:
    """SQLite: the writer is alone, so that nothing is locked and claims are checked, then staged."""

    claims_in_place = False

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.id: Callable[[UUID], Any] = _bytes_of
        self.to_id: Callable[[Any], UUID] = _uuid_of
        self.moment: Callable[[datetime], Any] = to_micros
        self.to_moment: Callable[[Any], datetime] = from_micros

    def together(self) -> AbstractContextManager[object]:
        return nullcontext()

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement, parameters)
        return self._cursor.fetchall()

    def rows(
        self,
        table: Table,
        columns: str,
        keys: Iterable[Any],
        *,
        by: str = "id",
        order: str = "",
        lock: bool = False,  # noqa: ARG002 - the writer is alone
        free: bool = False,  # noqa: ARG002 - and nobody else holds anything
    ) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), _LONGEST_LIST):
            part = wanted[start : start + _LONGEST_LIST]
            padded = part + [part[-1]] * (_padded(len(part)) - len(part))
            self._cursor.execute(_select(table.name, columns, by, order, len(padded)), padded)
            found += self._cursor.fetchall()
        return found

    def among(self, statement: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), _LONGEST_LIST):
            part = list(keys[start : start + _LONGEST_LIST])
            padded = part + [part[-1]] * (_padded(len(part)) - len(part))
            found += self.run(_among(statement, len(padded)), padded)
        return found

    def pairs(self, table: Table, columns: str, by: tuple[str, str], names: Iterable[Row]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        wanted = sorted({(first, second) for first, second in names})
        for start in range(0, len(wanted), _LONGEST_LIST // 2):
            part = wanted[start : start + _LONGEST_LIST // 2]
            padded = part + [part[-1]] * (_padded(len(part)) - len(part))
            found += self.run(
                _pairs(table.name, columns, by, len(padded)), [value for pair in padded for value in pair]
            )
        return found

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._cursor.executemany(_insert(table), rows)

    def claim(self, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError("SQLite claims by looking first: its writer is alone")

    def update(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row], *, also: str = ""
    ) -> None:
        if rows:
            self._cursor.executemany(_update(table.name, tuple(columns), tuple(by), also), rows)

    def delete(self, table: Table, by: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            where = " AND ".join(f"{name} = ?" for name in by)
            self._cursor.executemany(f"DELETE FROM {table.name} WHERE {where}", rows)


_LONGEST_LIST = 16_384
"""SQLite takes 32,766 parameters a statement; lists are padded to powers of two so that few statements are compiled."""


def _padded(length: int) -> int:
    return 1 << (length - 1).bit_length()


@lru_cache(maxsize=256)
def _select(table: str, columns: str, by: str, order: str, count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT {columns} FROM {table} WHERE {by} IN ({marks}) ORDER BY {order or by}"


@lru_cache(maxsize=64)
def _insert(table: Table) -> str:
    names = ", ".join(table.columns.keys())
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"


@lru_cache(maxsize=64)
def _among(statement: str, count: int) -> str:
    return statement.format(among=f"IN ({','.join('?' * count)})")


@lru_cache(maxsize=64)
def _pairs(table: str, columns: str, by: tuple[str, str], count: int) -> str:
    marks = ",".join(["(?,?)"] * count)
    return f"SELECT {columns} FROM {table} WHERE ({by[0]}, {by[1]}) IN (VALUES {marks})"


@lru_cache(maxsize=64)
def _update(table: str, columns: tuple[str, ...], by: tuple[str, ...], also: str) -> str:
    values = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join([*(f"{name} = ?" for name in by), *([also] if also else [])])
    return f"UPDATE {table} SET {values} WHERE {where}"

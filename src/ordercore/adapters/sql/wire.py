"""The only place that writes SQL text for the unit of work: one statement a table and kind, on both databases.

A statement is compiled once and kept. PostgreSQL gets arrays (`unnest`, `= ANY`), SQLite `executemany` and padded
lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID, SafeUUID

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, SmallInteger, Table, Text

from ordercore.adapters.sql.column_types import Id, Moment, from_micros, to_micros

Row = Sequence[Any]


class Cursor(Protocol):
    """What both drivers' cursors can do."""

    def execute(self, statement: str, parameters: Sequence[Any] = ...) -> Any: ...

    def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Any: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Wire(Protocol):
    """Statements against one transaction's cursor, and how values look on the wire.

    `id`, `moment` turn values into the driver's, `to_id`, `to_moment` back.
    """

    id: Callable[[UUID], Any]
    to_id: Callable[[Any], UUID]
    moment: Callable[[datetime], Any]
    to_moment: Callable[[Any], datetime]
    claims_in_place: bool

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one statement with `?` placeholders."""

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
        """The rows whose key is among these (driver values), sorted, locked where asked; `free` skips locked ones."""

    def among(self, statement: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a statement in which `{among}` stands for "is one of these ids"."""

    def pairs(self, table: Table, columns: str, by: tuple[str, str], names: Iterable[Row]) -> list[tuple[Any, ...]]:
        """The rows whose two key columns are among these pairs."""

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """New rows, every column in the table's order."""

    def claim(self, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> list[tuple[Any, ...]]:
        """New rows where nothing conflicts, in the given order; answers those that went in. PostgreSQL only."""

    def update(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row], *, also: str = ""
    ) -> None:
        """Other values for rows named by key columns (and meeting `also`); each row: the values, then the key."""

    def delete(self, table: Table, by: Sequence[str], rows: Sequence[Row]) -> None:
        """The rows with these keys, gone."""


# -- SQLite -----------------------------------------------------------------------------------------------------


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
            self._cursor.execute(_sqlite_select(table.name, columns, by, order, len(padded)), padded)
            found += self._cursor.fetchall()
        return found

    def among(self, statement: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(keys), _LONGEST_LIST):
            part = list(keys[start : start + _LONGEST_LIST])
            padded = part + [part[-1]] * (_padded(len(part)) - len(part))
            found += self.run(_sqlite_among(statement, len(padded)), padded)
        return found

    def pairs(self, table: Table, columns: str, by: tuple[str, str], names: Iterable[Row]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        wanted = sorted({(first, second) for first, second in names})
        for start in range(0, len(wanted), _LONGEST_LIST // 2):
            part = wanted[start : start + _LONGEST_LIST // 2]
            padded = part + [part[-1]] * (_padded(len(part)) - len(part))
            found += self.run(
                _sqlite_pairs(table.name, columns, by, len(padded)), [value for pair in padded for value in pair]
            )
        return found

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._cursor.executemany(_sqlite_insert(table), rows)

    def claim(self, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError("SQLite claims by looking first: its writer is alone")

    def update(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row], *, also: str = ""
    ) -> None:
        if rows:
            self._cursor.executemany(_sqlite_update(table.name, tuple(columns), tuple(by), also), rows)

    def delete(self, table: Table, by: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            where = " AND ".join(f"{name} = ?" for name in by)
            self._cursor.executemany(f"DELETE FROM {table.name} WHERE {where}", rows)


_LONGEST_LIST = 16_384
"""SQLite takes 32,766 parameters a statement; lists are padded to powers of two so that few statements are compiled."""


def _padded(length: int) -> int:
    return 1 << (length - 1).bit_length()


@lru_cache(maxsize=256)
def _sqlite_select(table: str, columns: str, by: str, order: str, count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT {columns} FROM {table} WHERE {by} IN ({marks}) ORDER BY {order or by}"


@lru_cache(maxsize=64)
def _sqlite_insert(table: Table) -> str:
    names = ", ".join(table.columns.keys())
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"


@lru_cache(maxsize=64)
def _sqlite_among(statement: str, count: int) -> str:
    return statement.format(among=f"IN ({','.join('?' * count)})")


@lru_cache(maxsize=64)
def _sqlite_pairs(table: str, columns: str, by: tuple[str, str], count: int) -> str:
    marks = ",".join(["(?,?)"] * count)
    return f"SELECT {columns} FROM {table} WHERE ({by[0]}, {by[1]}) IN (VALUES {marks})"


@lru_cache(maxsize=64)
def _sqlite_update(table: str, columns: tuple[str, ...], by: tuple[str, ...], also: str) -> str:
    values = ", ".join(f"{name} = ?" for name in columns)
    where = " AND ".join([*(f"{name} = ?" for name in by), *([also] if also else [])])
    return f"UPDATE {table} SET {values} WHERE {where}"


# -- PostgreSQL -------------------------------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class PostgresWire:
    """PostgreSQL: flat arrays, one round trip a statement; locks are FOR NO KEY UPDATE."""

    claims_in_place = True

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.id: Callable[[UUID], Any] = _same
        self.to_id: Callable[[Any], UUID] = _same
        self.moment: Callable[[datetime], Any] = _same
        self.to_moment: Callable[[Any], datetime] = _in_utc

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
        kind = _array_type(table, by)
        self._cursor.execute(
            _postgres_select(table.name, columns, by, order, kind, _LOCKING[lock, free]), (array(wanted, kind),)
        )
        return self._cursor.fetchall()

    def among(self, statement: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self.run(_postgres_among(statement), (array(keys, "uuid[]"),)) if keys else []

    def pairs(self, table: Table, columns: str, by: tuple[str, str], names: Iterable[Row]) -> list[tuple[Any, ...]]:
        rows = list(names)
        if not rows:
            return []
        self._cursor.execute(_postgres_pairs(table, columns, by), self._arrays(table, by, rows))
        return self._cursor.fetchall()

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._cursor.execute(_postgres_insert(table), self._arrays(table, _names(table), rows))

    def claim(self, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> list[tuple[Any, ...]]:
        if not rows:
            return []
        statement = f"{_postgres_insert(table)} ON CONFLICT {conflict} DO NOTHING RETURNING {returning}"
        self._cursor.execute(statement, self._arrays(table, _names(table), rows))
        return self._cursor.fetchall()

    def update(
        self, table: Table, columns: Sequence[str], by: Sequence[str], rows: Sequence[Row], *, also: str = ""
    ) -> None:
        if rows:
            statement = _postgres_update(table, tuple(columns), tuple(by), also)
            self._cursor.execute(statement, self._arrays(table, (*columns, *by), rows))

    def delete(self, table: Table, by: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            self._cursor.execute(_postgres_delete(table, tuple(by)), self._arrays(table, by, rows))

    def _arrays(self, table: Table, names: Sequence[str], rows: Sequence[Row]) -> list[str]:
        kinds = [_array_type(table, name) for name in names]
        return [array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]


def array(values: Sequence[Any], kind: str) -> str:
    """A one-dimensional array in PostgreSQL's text form: several times faster than the driver's general dumper."""
    write = _WRITERS[kind]
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WRITERS: dict[str, Callable[[Any], str]] = {
    "uuid[]": str,
    "text[]": _quoted,
    "int2[]": str,
    "int4[]": str,
    "int8[]": str,
    "bool[]": lambda value: "t" if value else "f",
    "timestamptz[]": lambda value: f'"{value.isoformat()}"',
    "bytea[]": lambda value: f'"\\\\x{value.hex()}"',
}
_ARRAY_TYPES: dict[type[Any], str] = {
    Id: "uuid[]",
    Moment: "timestamptz[]",
    Text: "text[]",
    SmallInteger: "int2[]",
    Integer: "int4[]",
    BigInteger: "int8[]",
    Boolean: "bool[]",
    LargeBinary: "bytea[]",
}


@lru_cache(maxsize=512)
def _array_type(table: Table, column: str) -> str:
    return _ARRAY_TYPES[type(table.columns[column].type)]


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
def _postgres_select(table: str, columns: str, by: str, order: str, kind: str, locking: str) -> str:
    return f"SELECT {columns} FROM {table} WHERE {by} = ANY(%s::{kind}) ORDER BY {order or by}{locking}"


@lru_cache(maxsize=64)
def _postgres_insert(table: Table) -> str:
    names = ", ".join(table.columns.keys())
    arrays = ", ".join(f"%s::{_array_type(table, name)}" for name in table.columns.keys())  # noqa: SIM118 - a column collection
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"


@lru_cache(maxsize=64)
def _postgres_among(statement: str) -> str:
    return statement.format(among="= ANY(?::uuid[])")


@lru_cache(maxsize=64)
def _postgres_pairs(table: Table, columns: str, by: tuple[str, str]) -> str:
    kinds = ", ".join(f"%s::{_array_type(table, name)}" for name in by)
    return f"SELECT {columns} FROM {table.name} WHERE ({by[0]}, {by[1]}) IN (SELECT * FROM unnest({kinds}))"


@lru_cache(maxsize=64)
def _postgres_update(table: Table, columns: tuple[str, ...], by: tuple[str, ...], also: str) -> str:
    arrays = ", ".join(f"%s::{_array_type(table, name)}" for name in (*columns, *by))
    names = ", ".join((*columns, *(f"key_{name}" for name in by)))
    values = ", ".join(f"{name} = changed.{name}" for name in columns)
    matches = [f"{table.name}.{name} = changed.key_{name}" for name in by]
    where = " AND ".join([*matches, *([f"{table.name}.{also}"] if also else [])])
    return f"UPDATE {table.name} SET {values} FROM unnest({arrays}) AS changed({names}) WHERE {where}"


@lru_cache(maxsize=64)
def _postgres_delete(table: Table, by: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{_array_type(table, name)}" for name in by)
    names = ", ".join(by)
    where = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in by)
    return f"DELETE FROM {table.name} USING unnest({arrays}) AS gone({names}) WHERE {where}"

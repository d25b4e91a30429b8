"""The only place that writes arrays for PostgreSQL, and knows their types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, SmallInteger, Table, Text

from ordercore.adapters.sql.column_types import Id, Moment


def array(values: Sequence[Any], kind: str) -> str:
    """A one-dimensional array in PostgreSQL's text form: several times faster than the driver's general dumper."""
    write = _WRITERS[kind]
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


@lru_cache(maxsize=512)
def array_type(table: Table, column: str) -> str:
    """The type of an array of a column's values."""
    return _ARRAY_TYPES[type(table.columns[column].type)]


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

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql.postgres_wire import PostgresWire
from ordercore.adapters.sql.sqlite_wire import SqliteWire
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.aggregates import Aggregate


class NoCursor:
    """Mapping sends nothing."""

    def execute(self, *_: Any) -> Any:
        raise AssertionError("mapping is pure")

    executemany = fetchall = execute


WIRES: tuple[Wire, ...] = (SqliteWire(NoCursor()), PostgresWire(NoCursor()))
SEALER = PlainSealer(bytes(16))


def saved(aggregate: Any) -> Any:
    """As a store gives it back: its facts are counted."""
    assert isinstance(aggregate, Aggregate)
    return evolve(aggregate, facts=(), event_count=aggregate.event_count + len(aggregate.facts))


def as_stored(table: Any, row: Row) -> Row:
    """The row, after a look that each value fits its column as the drivers know it."""
    for column, value in zip(table.columns, row, strict=True):
        assert value is not None or column.nullable, column
        if column.type.python_type is bool:
            assert value in (0, 1), column
        if column.type.python_type is int and not isinstance(value, datetime):
            assert value is None or -(2**63) <= value < 2**63, column
    return row

"""The only place that names the columns of a row, in the tables' order."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Table


@cache
def columns(table: Table, prefix: str = "") -> str:
    """All columns of a table, in its order."""
    return ", ".join(f"{prefix}{name}" for name in table.columns.keys())  # noqa: SIM118 - a column collection


@cache
def columns_but_id(table: Table) -> tuple[str, ...]:
    """What an update of a whole row sets."""
    return tuple(name for name in table.columns.keys() if name != "id")  # noqa: SIM118 - a column collection

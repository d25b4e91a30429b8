"""The only place for what the unit of work asks of a database, whichever of the two it is.

A statement, one a table and kind, is compiled once and kept. PostgreSQL gets arrays (`unnest`, `= ANY`), and the writes
of a transaction joined into one; SQLite `executemany` and padded lists, a statement at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Table

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

    def together(self) -> AbstractContextManager[object]:
        """Where the database can, the writes in its block are one statement, sent at its end."""

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

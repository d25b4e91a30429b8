"""The only place that looks for secrets where none may be: card numbers and bearer secrets in every text and blob.

The tables are read in pages of 500 rows, a snapshot each. What is found is named by table and row and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import define, field
from sqlalchemy import LargeBinary, Table, Text

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.store import SqlStore
from ordercore.domain.card_numbers import holds_card_number, may_hold_card_number

PAGE = 500
NAMED = 5

_DIGESTS = frozenset({"value", "email_index", "phone_index", "wrapped_key", "fingerprint", "secret_hash"})
"""Columns of keys and digests: their bytes mean nothing."""

_WORDS = frozenset(
    {"status", "kind", "type", "stream", "currency", "method", "role", "operation", "outcome"}
    | {"on_decline", "cancel_reason", "permissions", "label_media_type"}
)
"""Columns in which only the core writes, from lists of its own."""

_BEARER = re.compile(r"oc_[0-9a-f]{32}_[A-Za-z0-9_-]{20,}")


@define
class Spots:
    """Where something was found: all counted, some named."""

    count: int = 0
    names: list[str] = field(factory=list)

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if len(self.names) < NAMED:
            self.names.append(name)


def secrets_in(store: SqlStore) -> Mapping[str, Spots]:
    """Rows with a card number, rows with a bearer secret."""
    found = {"card_numbers": Spots(), "bearer_secrets": Spots()}
    for table in tables.metadata.sorted_tables:
        columns = [
            column.name
            for column in table.columns
            if isinstance(column.type, Text | LargeBinary) and column.name not in _DIGESTS | _WORDS
        ]
        for page in _pages(store, table, columns) if columns else ():
            _look(table, page, found)
    return found


def _look(table: Table, page: Sequence[tuple[Any, ...]], found: Mapping[str, Spots]) -> None:
    width = len(table.primary_key.columns)
    whole = _text([value for row in page for value in row[width:]])
    if not may_hold_card_number(whole) and _BEARER.search(whole) is None:
        return
    for row in page:
        text = _text(row[width:])
        if holds_card_number(text):
            found["card_numbers"].add(_row_name(table, row[:width]))
        if _BEARER.search(text):
            found["bearer_secrets"].add(_row_name(table, row[:width]))


def _pages(store: SqlStore, table: Table, columns: Sequence[str]) -> Iterator[Sequence[tuple[Any, ...]]]:
    keys = [column.name for column in table.primary_key.columns]
    names = ", ".join(keys)
    start: tuple[Any, ...] = ()
    while True:
        after = f"WHERE ({names}) > ({', '.join('?' * len(keys))})" if start else ""
        statement = f"SELECT {names}, {', '.join(columns)} FROM {table.name} {after} ORDER BY {names} LIMIT {PAGE}"
        with store.snapshot() as (_, wire):
            page = wire.run(statement, start)
        yield page
        if len(page) < PAGE:
            return
        start = page[-1][: len(keys)]


def _text(values: Sequence[Any]) -> str:
    return "\n".join([value if type(value) is str else value.decode("latin-1") for value in values if value])


def _row_name(table: Table, key: Sequence[Any]) -> str:
    return f"{table.name} {' '.join(map(_key, key))}"


def _key(value: object) -> str:
    """Part of a row's key; a text that is the secret itself is not shown."""
    if isinstance(value, bytes):
        return str(UUID(bytes=value))
    text = str(value)
    return "…" if holds_card_number(text) or _BEARER.search(text) else text

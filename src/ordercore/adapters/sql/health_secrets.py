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

PAGE = 500
NAMED = 5

_DIGESTS = frozenset({"value", "email_index", "phone_index", "wrapped_key", "fingerprint", "secret_hash"})
"""Columns of keys and digests: their bytes mean nothing."""

_WORDS = frozenset(
    {"status", "kind", "type", "stream", "currency", "method", "role", "operation", "outcome"}
    | {"on_decline", "cancel_reason", "permissions", "label_media_type"}
)
"""Columns in which only the core writes, from lists of its own."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAYBE = re.compile(r"[2-6](?:[ -]?\d){12}")
"""What every card number has in it, and few other texts: quick to look for."""

_NUMBERS = [
    re.compile(rf"(?<![0-9A-Za-z+.])(?=([2-6](?:[ -]?\d){{{length - 1}}})(?![0-9A-Za-z]))") for length in range(13, 20)
]
"""13 to 19 digits, perhaps in groups; with a plus before them they are a phone number."""

_NETWORKS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"  # Discover, UnionPay
)
"""How the numbers of the card networks begin, and their lengths."""

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


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in it are the number of a payment card: its network's beginning and a right check digit.

    A number that is also a right EAN-13 is an article's.
    """
    if _MAYBE.search(text) is None:
        return False
    without_ids = _UUID.sub("", text)
    if _MAYBE.search(without_ids) is None:
        return False
    spelled = (match.group(1) for numbers in _NUMBERS for match in numbers.finditer(without_ids))
    return any(map(_is_card, (each.replace(" ", "").replace("-", "") for each in spelled)))


def _look(table: Table, page: Sequence[tuple[Any, ...]], found: Mapping[str, Spots]) -> None:
    width = len(table.primary_key.columns)
    whole = _text([value for row in page for value in row[width:]])
    if _MAYBE.search(whole) is None and _BEARER.search(whole) is None:
        return
    for row in page:
        text = _text(row[width:])
        if has_card_number(text):
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
    return "…" if has_card_number(text) or _BEARER.search(text) else text


def _is_card(digits: str) -> bool:
    return _NETWORKS.fullmatch(digits) is not None and _passes_luhn(digits) and not _is_article(digits)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_article(digits: str) -> bool:
    """GS1 General Specifications, 7.9: thirteen digits weighted one and three."""
    return len(digits) == 13 and (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0

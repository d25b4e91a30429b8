"""The only place that pages: keyset cursors, what they may hold, and one row too many to know whether more follow.

A cursor is the base64url of the JSON of the last row's key: nothing to guess in it, nothing secret either.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Select, literal, tuple_

from ordercore.adapters.sql.column_types import Id, Moment, from_micros, to_micros
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.limits import MAX_PAGE, MAX_TEXT_LENGTH
from ordercore.ports.queries import Page, PageRequest

V = TypeVar("V")
Key = Sequence[Column[Any]]

_LARGEST_INTEGER = 2**31 - 1


def page_of(
    connection: Connection,
    statement: Select[Any],
    key: Key,
    page: PageRequest,
    make: Callable[[Sequence[Any]], V],
    *,
    newest_first: bool = False,
) -> Page[V]:
    """The page of a statement's rows by their unique key, ascending unless `newest_first`.

    Raises:
        InvalidRequest: a limit out of bounds, or a cursor that no page of such a list answered.
    """
    refuse_bad_limit(page.limit)
    if page.after is not None:
        statement = statement.where(_beyond(key, key_of(page.after, key), newest_first=newest_first))
    order = [column.desc() if newest_first else column.asc() for column in key]
    found = connection.execute(statement.add_columns(*key).order_by(*order).limit(page.limit + 1)).all()
    rows = found[: page.limit]
    width = len(key)
    return Page(
        data=[make(row[:-width]) for row in rows],
        next=cursor_of(rows[-1][-width:]) if len(found) > page.limit else None,
    )


def refuse_bad_limit(limit: int) -> None:
    """Raises InvalidRequest where a page would be empty or too large."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidRequest.of("/limit", f"must be between 1 and {MAX_PAGE}, not {limit}", "out_of_range")


def cursor_of(values: Sequence[Any]) -> str:
    """The cursor that stands behind the row with this key."""
    plain = [to_micros(value) if isinstance(value, datetime) else value for value in values]
    return urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode()


def key_of(cursor: str, key: Key) -> list[Any]:
    """The key in a cursor.

    Raises:
        InvalidRequest: it is none of such a key.
    """
    try:
        raw = b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = orjson.loads(raw)
        if not isinstance(values, list):
            raise ValueError("a cursor holds a list")  # noqa: TRY004 - answered below, as every bad cursor
        return [_part_of(value, column) for value, column in zip(values, key, strict=True)]
    except (ValueError, OverflowError):
        hint = "must be the `next` of a page before, of the same list"
        raise InvalidRequest.of("/after", hint, "bad_cursor") from None


def refuse_unsearchable(pointer: str, value: str | None) -> None:
    """Refuse text that no database takes as a value: too long, with NUL or lone surrogates.

    Raises:
        InvalidRequest: it is such text.
    """
    if value is None:
        return
    if len(value) > MAX_TEXT_LENGTH:
        raise InvalidRequest.of(pointer, f"must have at most {MAX_TEXT_LENGTH} characters", "wrong_length")
    if not _is_storable(value):
        raise InvalidRequest.of(pointer, "must not contain NUL or lone surrogates", "bad_characters")


def _beyond(key: Key, values: Sequence[Any], *, newest_first: bool) -> ColumnElement[bool]:
    """Row values are compared as a whole, which both databases answer from one index."""
    last = tuple_(*(literal(value, column.type) for value, column in zip(values, key, strict=True)))
    return tuple_(*key) < last if newest_first else tuple_(*key) > last


def _part_of(value: Any, column: Column[Any]) -> Any:
    """One part of a key, as its column holds it."""
    if isinstance(column.type, Moment):
        return from_micros(_whole(value))
    if isinstance(column.type, Id):
        return UUID(_text(value))
    return _text(value) if column.type.python_type is str else _small(_whole(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not _is_storable(value):
        raise ValueError("no text of a key")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("no number of a key")
    return value


def _small(value: int) -> int:
    if not 0 <= value <= _LARGEST_INTEGER:
        raise ValueError("no count of a key")
    return value


def _is_storable(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False

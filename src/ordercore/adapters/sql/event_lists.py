"""The only place that lists events: by position, which is also the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, or_, select

from ordercore.adapters.sql.pages import refuse_bad_limit, refuse_unsearchable
from ordercore.adapters.sql.tables import events
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.subscription import EVERYTHING
from ordercore.ports.pages import EventFilter, EventRow, Page, PageRequest

_EVENTS = select(
    events.c.stream,
    events.c.stream_id,
    events.c.number,
    events.c.type,
    events.c.occurred_at,
    events.c.actor_id,
    events.c.payload,
    events.c.position,
)


def positioned_page(connection: Connection, which: EventFilter, page: PageRequest) -> Page[EventRow]:
    """The page of events behind a position, which is the cursor itself.

    Raises:
        InvalidRequest: a limit out of bounds, or a cursor that is no position.
    """
    refuse_bad_limit(page.limit)
    position = events.c.position
    narrowed = _narrowed(which).where(position > position_in(page.after))
    found = connection.execute(narrowed.order_by(position).limit(page.limit + 1)).all()
    rows = [_event(row) for row in found[: page.limit]]
    return Page(data=rows, next=str(rows[-1].position) if len(found) > page.limit else None)


def position_in(cursor: str | None) -> int:
    """The position that a cursor names; 0 without one.

    Raises:
        InvalidRequest: it is none.
    """
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_POSITION):
        raise InvalidRequest.of("/after", "must be the position of an event, a whole number", "bad_cursor")
    return int(cursor)


_LONGEST_POSITION = 18


def _narrowed(which: EventFilter) -> Select[Any]:
    refuse_unsearchable("/stream", which.stream)
    statement = _EVENTS
    if which.stream is not None:
        statement = statement.where(events.c.stream == which.stream)
    if which.types and EVERYTHING not in which.types:
        statement = statement.where(or_(*(_of_type(index, each) for index, each in enumerate(which.types))))
    return statement


def _of_type(index: int, pattern: str) -> ColumnElement[bool]:
    refuse_unsearchable(f"/types/{index}", pattern)
    if pattern.endswith(".*"):
        return events.c.type.startswith(pattern[:-1], autoescape=True)
    return events.c.type == pattern


def _event(row: Sequence[Any]) -> EventRow:
    stream, stream_id, number, type_, occurred_at, actor_id, payload, position = row
    return EventRow(
        stream=stream,
        stream_id=stream_id,
        number=number,
        type=type_,
        occurred_at=occurred_at,
        actor_id=actor_id,
        payload=orjson.loads(payload),
        position=position,
    )

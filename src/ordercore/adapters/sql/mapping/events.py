"""The only place where new facts become rows, numbered on in their stream, and rows become events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.aggregates import Aggregate
from ordercore.ports.pages import EventRow


def event_rows(wire: Wire, aggregate: Aggregate) -> Iterable[Row]:
    """An aggregate's new facts for the events table, numbered on in its own stream."""
    stream_id = wire.id(aggregate.id)
    for number, fact in enumerate(aggregate.facts, start=aggregate.event_count + 1):
        payload = fact.__dict__.copy()
        del payload["occurred_at"], payload["actor_id"]
        if payload["note"] is None:
            del payload["note"]
        yield (
            aggregate.stream,
            stream_id,
            number,
            fact.type,
            wire.moment(fact.occurred_at),
            wire.id(fact.actor_id),
            orjson.dumps(payload, default=_plain).decode(),
            None,
        )


def _plain(value: Any) -> Mapping[str, Any]:
    """The fields of a value inside an event."""
    known: Mapping[str, Any] = value.__dict__
    return known


EVENT_COLUMNS = "stream, stream_id, number, type, occurred_at, actor_id, payload, position"


def event_of(wire: Wire, row: Row) -> EventRow:
    """A stored event, from EVENT_COLUMNS."""
    stream, stream_id, number, type_, occurred_at, actor_id, payload, position = row
    return EventRow(
        stream=stream,
        stream_id=wire.to_id(stream_id),
        number=number,
        type=type_,
        occurred_at=wire.to_moment(occurred_at),
        actor_id=wire.to_id(actor_id),
        payload=orjson.loads(payload),
        position=position,
    )

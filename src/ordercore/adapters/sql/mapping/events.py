"""The only place where new facts become rows, numbered on in their stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.aggregates import Aggregate


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

"""The only place that reads the way out in a snapshot: subscriptions, what is due, what waits, who does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.sequencing import LAST
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.events import EVENT_COLUMNS, event_of
from ordercore.adapters.sql.mapping.outbox import LEASE_COLUMNS, lease_of
from ordercore.adapters.sql.mapping.subscriptions import subscription_of
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.subscription import Subscription
from ordercore.ports.outbox import MOST_COUNTED, Backlog, Lease
from ordercore.ports.pages import EventRow
from ordercore.ports.sealer import Sealer

_LAGGING = """SELECT s.id FROM subscriptions s JOIN event_cursors c ON c.subscription_id = s.id
    WHERE s.status = 'active' AND c.position <
        (SELECT position FROM events WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1) ORDER BY s.id"""
_DUE = """SELECT s.id FROM subscriptions s WHERE s.status = 'active' AND EXISTS
    (SELECT 1 FROM event_lanes l WHERE l.subscription_id = s.id AND l.due_at <= ?) ORDER BY s.id"""
_ACTIVE_LANES = "SELECT 1 FROM event_lanes l JOIN subscriptions s ON s.id = l.subscription_id WHERE s.status = 'active'"


class SqlOutboxLookups:
    """Reads of the way out."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        self._wire = wire
        self._sealer = sealer
        self._clock = clock

    def subscriptions(self, ids: Iterable[UUID]) -> Mapping[UUID, Subscription]:
        """Subscriptions by id."""
        return self._read(tables.subscriptions, ids, self._subscription)

    def subscription_named(self, name: str) -> UUID | None:
        """The subscription with that name."""
        rows = self._wire.run("SELECT id FROM subscriptions WHERE name = ?", (name,))
        return self._wire.to_id(rows[0][0]) if rows else None

    def active_subscriptions(self) -> Sequence[Subscription]:
        """By id."""
        names = columns(tables.subscriptions)
        rows = self._wire.run(f"SELECT {names} FROM subscriptions WHERE status = 'active' ORDER BY id")
        return [self._subscription(row) for row in rows]

    def lagging(self) -> Sequence[UUID]:
        """Active ones with events before them."""
        return [self._wire.to_id(id) for (id,) in self._wire.run(_LAGGING)]

    def due(self) -> Sequence[UUID]:
        """Active ones with a lane that may be worked on."""
        return [self._wire.to_id(id) for (id,) in self._wire.run(_DUE, (self._wire.moment(self._clock(self._wire)),))]

    def last_position(self) -> int:
        """The highest that was given; 0 where none was."""
        rows = self._wire.run(LAST)
        return int(rows[0][0]) if rows else 0

    def has_unpositioned(self) -> bool:
        """Whether an event waits for its position."""
        return bool(self._wire.run("SELECT 1 FROM events WHERE position IS NULL LIMIT 1"))

    def events_between(self, stream: str, stream_id: UUID, first: int, last: int) -> Sequence[EventRow]:
        """By number, both ends included."""
        rows = self._wire.run(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE stream = ? AND stream_id = ? AND number BETWEEN ? AND ?"
            " ORDER BY number",
            (stream, self._wire.id(stream_id), first, last),
        )
        return [event_of(self._wire, row) for row in rows]

    def leases(self) -> Sequence[Lease]:
        """By name."""
        return [
            lease_of(self._wire, row) for row in self._wire.run(f"SELECT {LEASE_COLUMNS} FROM leases ORDER BY name")
        ]

    def backlog(self) -> Backlog:
        """What waits, counted no further than is worth it."""
        oldest = self._wire.run("SELECT occurred_at FROM events WHERE position IS NULL ORDER BY occurred_at LIMIT 1")
        return Backlog(
            unpositioned=self._count("SELECT 1 FROM events WHERE position IS NULL"),
            oldest_unpositioned=self._wire.to_moment(oldest[0][0]) if oldest else None,
            waiting=self._count(_ACTIVE_LANES),
            failing=self._count(f"{_ACTIVE_LANES} AND l.tries > 0"),
            dead_letters=self._count("SELECT 1 FROM dead_letters WHERE status = 'dead'"),
        )

    def _count(self, rows: str) -> int:
        return int(self._wire.run(f"SELECT COUNT(*) FROM ({rows} LIMIT {MOST_COUNTED}) AS counted")[0][0])

    def _subscription(self, row: Row) -> Subscription:
        return subscription_of(self._wire, self._sealer, row)

    def _keys(self, ids: Iterable[UUID]) -> list[Any]:
        return [self._wire.id(id) for id in ids]

    def _read(self, table: Any, ids: Iterable[UUID], make: Callable[[Row], Any]) -> Mapping[UUID, Any]:
        rows = self._wire.rows(table, columns(table), self._keys(ids))
        return {each.id: each for each in map(make, rows)}

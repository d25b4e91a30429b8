"""The only place that finds committed events without a position and gives them one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.transaction import Transaction
from ordercore.ports.outbox import EventKey

Stream = tuple[str, Any]
"""A stream as the driver names it."""

LAST = "SELECT position FROM events WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"
_OLDEST = """SELECT stream, stream_id, number FROM events WHERE position IS NULL
    ORDER BY occurred_at, stream, stream_id, number LIMIT ?"""
_KEY = ("stream", "stream_id", "number")


class SqlSequencing:
    """Positions, for whoever holds the sequencer's lease: one transaction at a time."""

    def __init__(self, work: Transaction) -> None:
        self._wire = work.wire

    def unpositioned(self, limit: int) -> Sequence[EventKey]:
        """About oldest first; each stream's by number, beginning with its first one without a position.

        The clocks of several machines, and of threads that wait for one lock, may put a later number of a stream
        before an earlier one. So the oldest events only say whose turn it is; a stream's next number takes the turn.
        """
        turns: list[Stream] = []
        first: dict[Stream, int] = {}
        for stream, stream_id, number in self._wire.run(_OLDEST, (limit,)):
            turns.append((stream, stream_id))
            first[stream, stream_id] = min(number, first.get((stream, stream_id), number))
        self._go_back(first)
        keys = []
        for stream, stream_id in turns:
            keys.append(EventKey(stream, self._wire.to_id(stream_id), first[stream, stream_id]))
            first[stream, stream_id] += 1
        return keys

    def give_positions(self, keys: Sequence[EventKey]) -> None:
        """In this order, above all that were given."""
        start = self.last_position() + 1
        rows = [(at, key.stream, self._wire.id(key.stream_id), key.number) for at, key in enumerate(keys, start)]
        self._wire.update(tables.events, ("position",), _KEY, rows)

    def last_position(self) -> int:
        """The highest that was given; 0 where none was."""
        rows = self._wire.run(LAST)
        return int(rows[0][0]) if rows else 0

    def _go_back(self, first: dict[Stream, int]) -> None:
        """Each stream to its first number without a position: numbers have no gaps, and get their positions in order,
        so it is enough to look at the one before, and mostly that one has a position."""
        asked = [(*stream, number - 1) for stream, number in first.items() if number > 1]
        while asked:
            columns = "stream, stream_id, number, position"
            found = self._wire.pairs(tables.events, columns, _KEY, asked)
            waiting = [(stream, stream_id, number) for stream, stream_id, number, position in found if position is None]
            first.update({(stream, stream_id): number for stream, stream_id, number in waiting})
            asked = [(stream, stream_id, number - 1) for stream, stream_id, number in waiting if number > 1]

"""The only place that moves cursors and lanes, and writes what came of deliveries.

Lanes are locked after cursors, and several of them in the order of their keys or not at all (SKIP LOCKED).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import evolve

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.sequencing import SqlSequencing
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.outbox import (
    LANE,
    LANE_COLUMNS,
    claimed_of,
    delivery_row,
    lane_key,
    letter_of,
    letter_row,
)
from ordercore.adapters.sql.transaction import Transaction
from ordercore.ports.outbox import (
    Claimed,
    DeadLetter,
    DeadLetterStatus,
    EventKey,
    Lane,
    PlacedEvent,
    Recording,
)

_EARLIER = """position = CASE WHEN excluded.position < event_cursors.position
        THEN excluded.position ELSE event_cursors.position END"""
_LONGER = """next_number = CASE WHEN excluded.next_number < event_lanes.next_number
        THEN excluded.next_number ELSE event_lanes.next_number END,
    last_number = CASE WHEN excluded.last_number > event_lanes.last_number
        THEN excluded.last_number ELSE event_lanes.last_number END,
    tries = CASE WHEN excluded.next_number < event_lanes.next_number THEN 0 ELSE event_lanes.tries END,
    due_at = CASE WHEN excluded.next_number < event_lanes.next_number AND event_lanes.token IS NULL
        THEN excluded.due_at ELSE event_lanes.due_at END"""
"""A lane takes in more at its end; a replay takes it back, and lets it try at once unless it is at work."""

_BURIED_AGAIN = """reason = excluded.reason, tries = excluded.tries, buried_at = excluded.buried_at,
    buried_by = excluded.buried_by, status = excluded.status"""


class SqlOutbox(SqlSequencing):
    """Cursors, lanes, dead letters, the log."""

    def __init__(self, work: Transaction) -> None:
        super().__init__(work)
        self._work = work

    # -- cursors --------------------------------------------------------------------------------------------------

    def set_cursor(self, subscription_id: UUID, position: int) -> None:
        """From there on, whatever was before."""
        self._put_cursor(subscription_id, position, "position = excluded.position")

    def rewind(self, subscription_id: UUID, position: int) -> None:
        """From there on, or from where it stands if that is earlier."""
        self._put_cursor(subscription_id, position, _EARLIER)

    def hold_cursor(self, subscription_id: UUID) -> int | None:
        """Ours until the end, or not there, or another's."""
        self._work.locks.note("cursors", (subscription_id,))
        rows = self._wire.run(
            f"SELECT position FROM event_cursors WHERE subscription_id = ?{self._wire.locking_free}",
            (self._wire.id(subscription_id),),
        )
        return int(rows[0][0]) if rows else None

    def events_after(self, position: int, limit: int) -> Sequence[PlacedEvent]:
        """By position."""
        rows = self._wire.run(
            "SELECT stream, stream_id, number, type, position FROM events WHERE position > ? ORDER BY position LIMIT ?",
            (position, limit),
        )
        return [
            PlacedEvent(key=EventKey(stream, self._wire.to_id(stream_id), number), type=type_, position=at)
            for stream, stream_id, number, type_, at in rows
        ]

    # -- lanes ----------------------------------------------------------------------------------------------------

    def hand_on(self, subscription_id: UUID, events: Iterable[EventKey]) -> None:
        """One row a stream, from its first number to its last."""
        ends: dict[tuple[str, UUID], tuple[int, int]] = {}
        for key in events:
            first, last = ends.get((key.stream, key.stream_id), (key.number, key.number))
            ends[key.stream, key.stream_id] = min(first, key.number), max(last, key.number)
        lanes = {Lane(subscription_id, *stream): numbers for stream, numbers in ends.items()}
        self._open(lanes)

    def claim(self, subscription_id: UUID, *, token: UUID, lasting: timedelta, limit: int) -> Sequence[Claimed]:
        """The longest due first; those that others hold at this moment are theirs."""
        wire, now = self._wire, self._work.now
        rows = wire.run(
            f"SELECT {LANE_COLUMNS} FROM event_lanes WHERE subscription_id = ? AND due_at <= ?"
            f" ORDER BY due_at LIMIT ?{wire.locking_free}",
            (wire.id(subscription_id), wire.moment(now), limit),
        )
        claimed = [claimed_of(wire, row, subscription_id, token) for row in rows]
        values = (wire.id(token), wire.moment(now + lasting))
        self._set(("token", "due_at"), [(*values, *lane_key(wire, each.lane)) for each in claimed])
        return claimed

    def record(self, recording: Recording) -> bool:
        """Written where the token holds the lane, and nowhere else."""
        claimed, wire = recording.claimed, self._wire
        self._work.locks.note("lanes", (claimed.lane,))
        rows = wire.run(
            f"SELECT next_number, last_number FROM event_lanes WHERE {LANE} AND token = ?{wire.locking}",
            (*lane_key(wire, claimed.lane), wire.id(claimed.token)),
        )
        if not rows:
            return False
        next_number, last_number = rows[0]
        if next_number != claimed.next_number:
            self._go_on(claimed.lane, next_number, 0, timedelta())  # a replay took it back meanwhile
        elif recording.next_number > last_number:
            self._close(claimed.lane, recording)
        else:
            self._go_on(claimed.lane, recording.next_number, recording.tries, recording.pause)
        self._note(recording)
        return True

    def waiting(self, lane: Lane) -> Claimed | None:
        """Held, and out of the hands of whoever works on it."""
        self._work.locks.note("lanes", (lane,))
        key = lane_key(self._wire, lane)
        rows = self._wire.run(f"SELECT {LANE_COLUMNS} FROM event_lanes WHERE {LANE}{self._wire.locking}", key)
        if not rows:
            return None
        found = claimed_of(self._wire, rows[0], lane.subscription_id, lane.subscription_id)
        self._set(("token",), [(self._wire.id(found.token), *key)])
        return found

    def forget(self, subscription_id: UUID) -> None:
        """The cursor first: whoever moves it opens lanes."""
        self._work.locks.note("cursors", (subscription_id,))
        key = [(self._wire.id(subscription_id),)]
        self._wire.delete(tables.event_cursors, ("subscription_id",), key)
        self._wire.delete(tables.event_lanes, ("subscription_id",), key)

    # -- dead letters and the log ---------------------------------------------------------------------------------

    def dead_letter(self, id: UUID) -> DeadLetter | None:
        """Held."""
        self._work.locks.note("dead_letters", (id,))
        rows = self._wire.rows(tables.dead_letters, columns(tables.dead_letters), [self._wire.id(id)], lock=True)
        return letter_of(self._wire, rows[0]) if rows else None

    def try_again(self, letter: DeadLetter) -> DeadLetter:
        """A lane for this one event."""
        retrying, event = evolve(letter, status=DeadLetterStatus.RETRYING), letter.event
        self._bury(retrying)
        lane = Lane(letter.subscription_id, event.stream, event.stream_id, event.number)
        self._open({lane: (event.number, event.number)})
        return retrying

    def prune_log(self, before: datetime, limit: int) -> int:
        """The oldest go first."""
        rows = self._wire.run(
            "SELECT id FROM deliveries WHERE at < ? ORDER BY at LIMIT ?", (self._wire.moment(before), limit)
        )
        self._wire.delete(tables.deliveries, ("id",), rows)
        return len(rows)

    # -- within ---------------------------------------------------------------------------------------------------

    def _put_cursor(self, subscription_id: UUID, position: int, changes: str) -> None:
        self._work.locks.note("cursors", (subscription_id,))
        row = (self._wire.id(subscription_id), position)
        self._wire.upsert(tables.event_cursors, [row], "(subscription_id)", changes)

    def _open(self, lanes: dict[Lane, tuple[int, int]]) -> None:
        now = self._wire.moment(self._work.now)
        rows = [
            (*lane_key(self._wire, lane)[:3], lane.again, first, last, 0, now, None)
            for lane, (first, last) in sorted(lanes.items())
        ]
        self._wire.upsert(tables.event_lanes, rows, "(subscription_id, stream, stream_id, again)", _LONGER)

    def _go_on(self, lane: Lane, next_number: int, tries: int, pause: timedelta) -> None:
        values = (next_number, tries, self._wire.moment(self._work.now + pause), None)
        self._set(("next_number", "tries", "due_at", "token"), [(*values, *lane_key(self._wire, lane))])

    def _close(self, lane: Lane, recording: Recording) -> None:
        self._wire.delete(tables.event_lanes, _LANE_NAMES, [lane_key(self._wire, lane)])
        if lane.again and recording.dead_letter is None:
            self._wire.run(
                "UPDATE dead_letters SET status = 'delivered'"
                " WHERE subscription_id = ? AND stream = ? AND stream_id = ? AND number = ? RETURNING id",
                lane_key(self._wire, lane),
            )

    def _note(self, recording: Recording) -> None:
        self._wire.insert(tables.deliveries, [delivery_row(self._wire, each) for each in recording.deliveries])
        if recording.dead_letter is not None:
            self._bury(recording.dead_letter)

    def _bury(self, letter: DeadLetter) -> None:
        key = "(subscription_id, stream, stream_id, number)"
        self._wire.upsert(tables.dead_letters, [letter_row(self._wire, letter)], key, _BURIED_AGAIN)

    def _set(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        self._wire.update(tables.event_lanes, names, _LANE_NAMES, rows)


_LANE_NAMES = ("subscription_id", "stream", "stream_id", "again")

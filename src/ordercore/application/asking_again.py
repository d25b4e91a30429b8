"""The only place that says when an attempt without an answer is asked about again: with growing pauses.

What was asked is remembered by the process that asked: another one, or this one after a restart, asks once too often,
which repeats no effect. A pause follows from the age that the attempt had when it was last asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

MOST_REMEMBERED = 10_000


class AskingAgain:
    """Who was asked about when, safe for many threads."""

    def __init__(self) -> None:
        self._asked: dict[UUID, datetime] = {}
        self._lock = Lock()

    def remember(self, attempt_id: UUID, now: datetime) -> None:
        """The provider is being asked about this attempt now."""
        with self._lock:
            if len(self._asked) >= MOST_REMEMBERED:
                self._asked.clear()
            self._asked[attempt_id] = now

    def is_due(
        self, attempt_id: UUID, since: datetime, now: datetime, *, pauses: Sequence[timedelta], spread: float
    ) -> bool:
        """Whether the pause after the last asking is over; the first asking was at `since`."""
        asked_at = self._asked.get(attempt_id, since)
        return now - asked_at >= pause_after(attempt_id, asked_at - since, pauses=pauses, spread=spread)


def pause_after(attempt_id: UUID, age: timedelta, *, pauses: Sequence[timedelta], spread: float) -> timedelta:
    """How long to wait once an attempt of that age was asked about: the first pause that is not over by then.

    Up to `spread` longer or shorter, each attempt in its own way, so that a thousand that were cut off together do not
    come together again.
    """
    reached, place = timedelta(0), 0
    while place < len(pauses) - 1 and age >= (reached := reached + pauses[place] * (1 - spread)):
        place += 1
    share = attempt_id.int * (2 * place + 1) % 1021 / 1020
    return pauses[place] * (1 + spread * (2 * share - 1))

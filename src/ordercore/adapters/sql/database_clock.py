"""The only place that knows PostgreSQL's time without asking each time: asked once a minute, counted on in between.

A question costs a round trip, and every transaction needs the time. The count is this machine's steady clock; where it
and the wall clock part (the machine slept, or its time was set) the database is asked at once.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from attrs import frozen

from ordercore.adapters.sql.wire import Wire

LONGEST_SECONDS = 60.0
LARGEST_DRIFT_SECONDS = 0.5


@frozen
class _Reading:
    """What the database said, and what this machine's clocks said then."""

    said: datetime
    steady: float
    wall: float


class DatabaseClock:
    """The database's clock as one process sees it, right to the length of a round trip."""

    def __init__(self) -> None:
        self._reading: _Reading | None = None

    def now(self, wire: Wire) -> datetime:
        """The database's time, aware, in UTC."""
        steady, wall = time.monotonic(), time.time()
        reading = self._reading
        if reading is None or _is_worn(reading, steady, wall):
            ((said,),) = wire.run("SELECT clock_timestamp()")
            reading = self._reading = _Reading(wire.to_moment(said), time.monotonic(), time.time())
            return reading.said
        return reading.said + timedelta(seconds=steady - reading.steady)


def _is_worn(reading: _Reading, steady: float, wall: float) -> bool:
    passed = steady - reading.steady
    return passed > LONGEST_SECONDS or abs(wall - reading.wall - passed) > LARGEST_DRIFT_SECONDS

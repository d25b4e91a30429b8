"""The only place that bounds a delivery in time: one deadline for all its steps."""

from __future__ import annotations

import time
from datetime import timedelta


class Deadline:
    """Starts when it is made. It measures the time that passes, not the time of day, which may jump."""

    def __init__(self, within: timedelta) -> None:
        self._ends = time.monotonic() + within.total_seconds()

    def left_seconds(self) -> float:
        """What is left for the next step.

        Raises:
            TimeoutError: nothing is.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

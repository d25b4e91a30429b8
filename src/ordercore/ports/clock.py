"""The only place for what time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time and waiting, so that tests never sleep for luck."""

    def now(self) -> datetime:
        """Now, aware, in UTC, with microseconds."""

    def pause(self, seconds: float) -> None:
        """Let that much time pass."""

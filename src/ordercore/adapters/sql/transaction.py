"""The only place for what the collections of one unit of work share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ordercore.adapters.lock_order import LockOrder
from ordercore.adapters.sql.wire import Wire
from ordercore.ports.sealer import Sealer


class Transaction:
    """One transaction's wire, sealer, clock and order of locks."""

    def __init__(self, wire: Wire, sealer: Sealer, clock: Callable[[Wire], datetime]) -> None:
        self.wire = wire
        self.sealer = sealer
        self.locks = LockOrder()
        self._clock = clock
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's clock, asked for once."""
        if self._now is None:
            self._now = self._clock(self.wire)
        return self._now

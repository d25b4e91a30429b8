"""The only place for how people are told."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Notifier(Protocol):
    """Tells a customer what happened to an order. It is handed ids, never personal data."""

    def notify(self, kind: str, *, order_id: UUID, order_number: str) -> None:
        """Tell of one of: order_confirmed, order_cancelled, order_shipped, order_delivered.

        Called after the change is on disk. Never raises: what cannot be told is logged.
        """

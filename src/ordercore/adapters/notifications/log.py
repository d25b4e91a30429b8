"""The only place that tells customers through the log: what happened and to which order, never to whom."""

from __future__ import annotations

import logging
from uuid import UUID

_log = logging.getLogger("ordercore.notifications")


class LogNotifier:
    """Writes a line a message; logging itself never raises."""

    def notify(self, kind: str, *, order_id: UUID, order_number: str) -> None:
        """Tell of what happened to an order."""
        _log.info("%s order=%s id=%s", kind, order_number, order_id)

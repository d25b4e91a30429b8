"""The only place that tells customers through the log: what happened and to which order, never to whom."""

from __future__ import annotations

import logging

from ordercore.ports.notifier import Message

_log = logging.getLogger("ordercore.notifications")


class LogNotifier:
    """Writes a line a message; logging itself never raises."""

    def send(self, message: Message) -> None:
        """Write what would be told."""
        _log.info("%s order=%s id=%s", message.kind, message.order.number, message.id)

"""The only place for subscriptions: who hears of which events, and where."""

from __future__ import annotations

from enum import StrEnum


class SubscriptionKind(StrEnum):
    """How a subscriber is reached."""

    WEBHOOK = "webhook"
    BROKER = "broker"
    HANDLER = "handler"

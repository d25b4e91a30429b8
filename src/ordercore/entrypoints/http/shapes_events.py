"""The only place for what answers about subscriptions look like. Secrets are in none but `SecretShape`."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from ordercore import DeadLetterStatus, DeliveryKind
from ordercore.domain.lifecycles import SubscriptionStatus
from ordercore.domain.subscription import SubscriptionKind


class SubscriptionShape(TypedDict):
    """Who hears of events; a password in the address is not shown."""

    id: UUID
    name: str
    kind: SubscriptionKind
    address: str
    types: list[str]
    allows_private: bool
    status: SubscriptionStatus
    added_at: datetime
    version: int


class SecretShape(TypedDict):
    """A subscription with the secret that signs its messages; brokers have none."""

    subscription: SubscriptionShape
    secret: str | None


class AnswerShape(TypedDict):
    """What a subscriber said; `status` is that of HTTP."""

    answer: DeliveryKind
    status: int | None
    detail: str


class DeliveryShape(TypedDict):
    """One try at delivering one event."""

    id: UUID
    stream: str
    stream_id: UUID
    number: int
    position: int
    type: str
    at: datetime
    answer: DeliveryKind
    status: int | None
    detail: str
    number_of_try: int


class DeadLetterShape(TypedDict):
    """An event that was given up for a subscriber, by a rule or by an admin."""

    id: UUID
    subscription_id: UUID
    stream: str
    stream_id: UUID
    number: int
    position: int
    type: str
    reason: str
    tries: int
    buried_at: datetime
    buried_by: UUID
    status: DeadLetterStatus

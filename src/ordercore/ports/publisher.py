"""The only place for what the core asks of whoever carries events to a subscriber."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from attrs import field, frozen

from ordercore.domain.subscription import SubscriptionKind


@frozen(kw_only=True)
class Envelope:
    """One stored event on its way out. `payload` is as stored: JSON values, ids and amounts, never personal data.

    `number` counts within the stream, without gaps; `position` rises over all streams, with gaps. A subscriber that
    meets a number again has met a repeat; one that misses a number knows of a dead letter.
    """

    type: str
    stream: str
    stream_id: UUID
    number: int
    position: int
    occurred_at: datetime
    payload: Mapping[str, object]

    @property
    def id(self) -> str:
        """Stable and unique: the same for every delivery of the event, to whomever."""
        return f"{self.stream}/{self.stream_id}/{self.number}"


@frozen(kw_only=True)
class Target:
    """Where a subscription's events go. `secrets` sign them, newest first; `allows_private` opens private addresses.

    An address may carry a password, as brokers' do: neither it nor a secret is ever shown.
    """

    subscription_id: UUID
    kind: SubscriptionKind
    address: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    allows_private: bool = False


class DeliveryKind(StrEnum):
    """What a subscriber can say, or not say."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REFUSED = "refused"


@frozen(kw_only=True)
class DeliveryAnswer:
    """The subscriber's word: taken, to be tried again later, or never to be taken.

    `detail` and `status` (as of HTTP) are for the delivery log: no secret, no password, no body of an answer in them.
    `retry_after` is what the subscriber asked for; the relay never comes earlier.
    """

    kind: DeliveryKind
    detail: str = ""
    status: int | None = None
    retry_after: timedelta | None = None


class Publisher(Protocol):
    """Carries events to subscribers of one kind.

    Promises: it never raises and answers before `deadline` has passed; what got no answer is `RETRY`. It may deliver
    the same event again, and never another one in its place. Called from many threads at once, outside any transaction.
    """

    @property
    def deadline(self) -> timedelta:
        """The bound of one delivery."""

    def publish(self, target: Target, envelope: Envelope) -> DeliveryAnswer:
        """Carry the event there, once."""

"""The only place for what the core asks of a carrier."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from attrs import frozen

from ordercore.domain.customer import Address
from ordercore.domain.shipment import Label


class LabelAnswerKind(StrEnum):
    """What a carrier can say, or not say."""

    MADE = "made"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class LabelRequest:
    """A parcel that wants a label. `key` makes the request repeatable."""

    key: str
    order_number: str
    recipient: str
    ship_to: Address
    pieces: int
    weight_grams: int | None = None


@frozen(kw_only=True)
class LabelAnswer:
    """The carrier's word."""

    kind: LabelAnswerKind
    label: Label | None = None
    reason: str | None = None


class Carrier(Protocol):
    """A carrier that sells labels.

    Promises: repeating a request with its key never buys a second label and answers the same. It answers before
    `deadline` has passed; an answer that never came is `UNKNOWN`, not an exception. Called from many threads at once.
    """

    @property
    def deadline(self) -> timedelta:
        """The bound of one call."""

    def buy_label(self, request: LabelRequest) -> LabelAnswer:
        """A label with a tracking number."""

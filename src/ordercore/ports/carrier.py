"""The only place for what the core asks of a carrier."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from ordercore.domain.customer import Address
from ordercore.domain.shipment import Label


class LabelAnswerKind(StrEnum):
    """What a carrier can say, or not say."""

    MADE = "made"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class LabelRequest:
    """A parcel that wants a label. `key` makes the request repeatable.

    `within` is how long the asker waits where that is less than the carrier's deadline; it is no part of the content.
    """

    key: str
    order_number: str
    recipient: str
    ship_to: Address
    pieces: int
    weight_grams: int | None = None
    within: timedelta | None = field(default=None, eq=False, repr=False)


@frozen(kw_only=True)
class LabelAnswer:
    """The carrier's word."""

    kind: LabelAnswerKind
    label: Label | None = None
    reason: str | None = None


class Carrier(Protocol):
    """A carrier that sells labels.

    Promises: repeating a request with its key never buys a second label and answers the same. It answers before
    `deadline` (or `within`, where it is given) has passed; an answer that never came is `UNKNOWN`, not an exception.
    Called from many threads at once.
    """

    @property
    def deadline(self) -> timedelta:
        """The bound of one call."""

    def buy_label(self, request: LabelRequest) -> LabelAnswer:
        """A label with a tracking number."""

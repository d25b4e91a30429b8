"""The only place for how customers are told what happened to their orders."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from ordercore.domain.customer import Contact
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.shipment import Shipment


class MessageKind(StrEnum):
    """What a message tells."""

    CONFIRMATION = "confirmation"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    LATE_PAYMENT = "late_payment"


@frozen(kw_only=True)
class Message:
    """What one customer is told of one event. It is made when it is sent and kept nowhere: it is full of personal data.

    `id` is the event's, letters, digits, dashes and slashes: a repeat has the same one. `occurred_at` is the event's
    time; `order` is the order as it is now. `locale` is the customer's BCP 47 tag, unchecked. `shipment` is the parcel
    that the message is about, `amount` the money; None where it is about none.
    """

    id: str
    kind: MessageKind
    occurred_at: datetime
    to: Contact = field(repr=False)
    locale: str
    order: Order = field(repr=False)
    shipment: Shipment | None = field(default=None, repr=False)
    amount: Money | None = None


class Notifier(Protocol):
    """Tells customers.

    Promises: a message that was taken is on its way when `send` returns; a refused one was not sent. Where no word came
    in time nobody knows: it is sent again with the same id, by which whoever gets it twice can tell. Called from many
    threads at once, outside any transaction; it answers within a bounded time.
    """

    def send(self, message: Message) -> None:
        """Hand the message over.

        Raises:
            NotificationFailed: it was not taken, now or ever.
        """

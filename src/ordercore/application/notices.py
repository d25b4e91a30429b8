"""Notices: the only place that knows which events customers are told of, and makes messages of them.

A message is composed when it is sent, from what the store holds then: no event, queue or log carries personal data. Its
id is the event's, so that a repeat can be told. An order that is gone is told nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from ordercore.application.listening import Handler
from ordercore.domain.money import Money
from ordercore.domain.order import CancelReason, Order
from ordercore.domain.order_events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderShipped,
    PaymentCameLate,
    PaymentRecorded,
)
from ordercore.domain.payment import AttemptKind
from ordercore.domain.shipment import Shipment
from ordercore.ports.notifier import Message, MessageKind, Notifier
from ordercore.ports.publisher import Envelope
from ordercore.ports.queries import Lookups
from ordercore.ports.store import Store

HANDLER = "notifications"
"""The name of the subscription that remembers how far customers have been told."""

TOLD: Mapping[str, MessageKind] = {
    OrderConfirmed.type: MessageKind.CONFIRMATION,
    OrderShipped.type: MessageKind.SHIPPED,
    OrderDelivered.type: MessageKind.DELIVERED,
    OrderCancelled.type: MessageKind.CANCELLED,
    PaymentRecorded.type: MessageKind.REFUNDED,
    PaymentCameLate.type: MessageKind.LATE_PAYMENT,
}
"""Which events of an order tell what; of what is recorded of payments, only refunds."""


class Notices:
    """Tells customers of events, with that notifier."""

    def __init__(self, store: Store, notifier: Notifier) -> None:
        self._store = store
        self._notifier = notifier

    def handler(self) -> Handler:
        """What the relay calls: at least once an event, in the order of each order's events."""
        return Handler(call=self.tell, types=tuple(TOLD))

    def tell(self, event: Envelope) -> None:
        """Tell the customer, where there is something to tell.

        Raises:
            NotificationFailed: the message was not taken; retryable or not.
            OrderCoreError: the store failed.
        """
        if event.type == PaymentRecorded.type and event.payload["kind"] != AttemptKind.REFUND:
            return
        with self._store.reading() as lookups:
            message = _message(lookups, event)
        if message is not None:
            self._notifier.send(message)


def _message(lookups: Lookups, event: Envelope) -> Message | None:
    order = lookups.orders((event.stream_id,)).get(event.stream_id)
    if order is None or _is_silent(lookups, event):
        return None
    customer = lookups.customers((order.customer_id,))[order.customer_id]
    return Message(
        id=event.id,
        kind=TOLD[event.type],
        occurred_at=event.occurred_at,
        to=order.contact,
        locale=customer.locale,
        order=order,
        shipment=_shipment(lookups, event.payload.get("shipment_id")),
        amount=_amount(order, event.payload.get("amount_minor")),
    )


def _is_silent(lookups: Lookups, event: Envelope) -> bool:
    """Whether this is what came of a placement that was to be told to nobody; what happens later is told."""
    is_outcome = event.type == OrderConfirmed.type or event.payload.get("reason") == CancelReason.PAYMENT_DECLINED
    return is_outcome and bool(lookups.events(Order.stream, event.stream_id)[0].payload.get("is_silent"))


def _shipment(lookups: Lookups, id: object) -> Shipment | None:
    return None if id is None else lookups.shipments((UUID(str(id)),)).get(UUID(str(id)))


def _amount(order: Order, minor: object) -> Money | None:
    return Money(minor, order.total.currency) if isinstance(minor, int) else None

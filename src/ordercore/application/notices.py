"""Notices: the only place that knows which events customers are told of, and makes messages of them.

A message is composed when it is sent, from what the store holds then: no event, queue or log carries personal data. Its
id is the event's, so that a repeat can be told. An order or a customer that is gone is told nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from attrs import frozen

from ordercore.application.core import Core
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.domain.order_events import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderShipped,
    PaymentRecorded,
)
from ordercore.domain.payment import AttemptKind
from ordercore.ports.notifier import Message, MessageKind, Notifier
from ordercore.ports.queries import Lookups

TOLD: Mapping[str, MessageKind] = {
    OrderConfirmed.type: MessageKind.CONFIRMATION,
    OrderShipped.type: MessageKind.SHIPPED,
    OrderDelivered.type: MessageKind.DELIVERED,
    OrderCancelled.type: MessageKind.CANCELLED,
    PaymentRecorded.type: MessageKind.REFUNDED,
}
"""Which events of an order tell what; of the payment's, only refunds."""


@frozen(kw_only=True)
class News:
    """A stored event of an order. `payload` is as stored, so that ids are text."""

    id: str
    type: str
    order_id: UUID
    occurred_at: datetime
    payload: Mapping[str, object]


def tell(core: Core, notifier: Notifier, news: News) -> None:
    """Tell the customer, where there is something to tell.

    Raises:
        NotificationFailed: the message was not taken; retryable or not.
        OrderCoreError: the store failed.
    """
    if is_told(news):
        with core.store.reading() as lookups:
            message = _message(lookups, news)
        if message is not None:
            notifier.send(message)


def is_told(news: News) -> bool:
    """Whether customers hear of it."""
    return news.type in TOLD and (news.type != PaymentRecorded.type or news.payload["kind"] == AttemptKind.REFUND)


def _message(lookups: Lookups, news: News) -> Message | None:
    order = lookups.orders((news.order_id,)).get(news.order_id)
    if order is None:
        return None
    customer = lookups.customers((order.customer_id,)).get(order.customer_id)
    if customer is None:
        return None
    shipment_id = news.payload.get("shipment_id")
    shipments = {} if shipment_id is None else lookups.shipments((UUID(str(shipment_id)),))
    return Message(
        id=news.id,
        kind=TOLD[news.type],
        occurred_at=news.occurred_at,
        to=order.contact,
        locale=customer.locale,
        order=order,
        shipment=next(iter(shipments.values()), None),
        amount=_amount(order, news.payload.get("amount_minor")),
    )


def _amount(order: Order, minor: object) -> Money | None:
    return Money(minor, order.total.currency) if isinstance(minor, int) else None

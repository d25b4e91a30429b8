"""The only place that builds domain objects for tests that say only what matters: `an_order(paid=True)`.

Orders go through their own transitions, so that none is built that the domain would not make.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ordercore.domain.actor import EMBEDDING
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.customer import Address, Contact, Customer
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.money import Money, total_of
from ordercore.domain.order import Allocation, Order, OrderItem
from ordercore.domain.payment import AnswerKind, Payment, PaymentMethod, ProviderAnswer
from ordercore.domain.product import DEFAULT_LOCATION, Product
from ordercore.domain.shipment import Label, Shipment, ShipmentLine
from ordercore.ports.notifier import Message, MessageKind
from ordercore.testing.faults import CountingIds

AT = datetime(2025, 1, 1, 12, tzinfo=UTC)
IDS = CountingIds(start=1_000_000)
"""Where builders take ids from: no two objects of one process share one."""


def an_address(**details: Any) -> Address:
    """An address in Cologne, apart from what is said."""
    usual = {"line1": "Domkloster 4", "postal_code": "50667", "city": "Köln", "country": "DE"}
    return Address(**{**usual, **details})


def a_contact(**details: Any) -> Contact:
    """Somebody who can be reached, apart from what is said."""
    return Contact(**{"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+492215550100", **details})


def a_customer(**details: Any) -> Customer:
    """A registered customer with an address, apart from what is said."""
    usual = {
        "id": IDS.new(),
        "contact": a_contact(),
        "address": an_address(),
        "locale": "en",
        "is_guest": False,
        "at": AT,
        "actor_id": EMBEDDING.id,
    }
    return Customer.register(**{**usual, **details})


def a_product(sku: str = "MUG", *, quantity: int = 40, price: str = "12.50", **details: Any) -> Product:
    """A product in stock, its price in euros, apart from what is said."""
    usual = {
        "id": IDS.new(),
        "name": f"Product {sku}",
        "description": "",
        "price": Money.of(price, "EUR"),
        "category": None,
        "weight_grams": None,
        "low_stock_threshold": None,
        "at": AT,
        "actor_id": EMBEDDING.id,
    }
    return Product.add(sku=sku, quantity=quantity, **{**usual, **details})


def an_item(product: Product | None = None, quantity: int = 1) -> OrderItem:
    """So many pieces of a product, allocated at the default location."""
    product = product or a_product()
    return OrderItem(
        id=IDS.new(),
        product_id=product.id,
        sku=product.sku,
        name=product.name,
        unit_price=product.price,
        quantity=quantity,
        line_total=product.price * quantity,
        allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=quantity),),
    )


def an_order(
    *,
    paid: bool = False,
    captured: bool = False,
    shipped: bool = False,
    delivered: bool = False,
    items: Iterable[OrderItem] = (),
    **details: Any,
) -> Order:
    """An order with one mug whose first attempt is under way; authorised where `paid`, or further where said."""
    order = _placed(tuple(items) or (an_item(),), details)
    if paid or captured or shipped or delivered:
        order = answered(order)
    if captured or shipped or delivered:
        order = answered(order.ask_capture(attempt_id=IDS.new(), at=AT, actor_id=EMBEDDING.id))
    if shipped or delivered:
        shipment_id = IDS.new()
        order = order.claim(shipment_id, at=AT, actor_id=EMBEDDING.id)
        order = order.ship(shipment_id, tracking_number="RA000000005XX", at=AT, actor_id=EMBEDDING.id)
        if delivered:
            order = order.deliver(shipment_id, at=AT, actor_id=EMBEDDING.id)
    return order


def answered(order: Order, kind: AnswerKind = AnswerKind.APPROVED, decline_code: str | None = None) -> Order:
    """The order after the provider's word on its open attempt."""
    attempt = order.payment.open_attempt
    if attempt is None:
        raise ValueError("no attempt of this order is open")
    code = decline_code or ("card_declined" if kind is AnswerKind.DECLINED else None)
    answer = ProviderAnswer(kind=kind, reference=f"at_provider_{attempt.id}", decline_code=code)
    return order.record(attempt.id, answer, entry_id=IDS.new(), at=AT, actor_id=EMBEDDING.id)


def a_payment(amount: Money, *, id: UUID | None = None, at: datetime = AT, is_external: bool = False) -> Payment:
    """A payment of which nothing has been asked yet."""
    return Payment(
        id=id or IDS.new(),
        amount=amount,
        method=PaymentMethod.CARD,
        status=PaymentStatus.PENDING,
        is_external=is_external,
        changed_at=at,
    )


def a_message(kind: MessageKind = MessageKind.CONFIRMATION, *, order: Order | None = None, **details: Any) -> Message:
    """What Ada is told of an order that is as far as that needs, apart from what is said."""
    order = order or _order_for(kind)
    usual = {
        "id": f"order/{order.id}/{order.event_count + len(order.facts)}",
        "occurred_at": AT,
        "to": order.contact,
        "locale": "en",
        "shipment": a_parcel(order) if kind in (MessageKind.SHIPPED, MessageKind.DELIVERED) else None,
        "amount": order.total if kind in (MessageKind.REFUNDED, MessageKind.LATE_PAYMENT) else None,
    }
    return Message(kind=kind, order=order, **{**usual, **details})


def a_parcel(order: Order, tracking_number: str = "RA000000005XX") -> Shipment:
    """All of the order in one parcel, with its label."""
    return Shipment(
        id=IDS.new(),
        order_id=order.id,
        lines=tuple(ShipmentLine(order_item_id=item.id, quantity=item.quantity) for item in order.items),
        status=ShipmentStatus.LABELLED,
        label=Label(carrier="Fake", tracking_number=tracking_number, document=b"", media_type="application/pdf"),
        started_at=AT,
    )


def _order_for(kind: MessageKind) -> Order:
    if kind is MessageKind.SHIPPED:
        return an_order(shipped=True)
    if kind is MessageKind.DELIVERED:
        return an_order(delivered=True)
    order = an_order(captured=True)
    if kind is MessageKind.CONFIRMATION:
        return order
    return order.cancel(attempt_id=IDS.new(), entry_id=IDS.new(), at=AT, actor_id=EMBEDDING.id)


def _placed(items: tuple[OrderItem, ...], details: dict[str, Any]) -> Order:
    total = total_of((item.line_total for item in items), items[0].line_total.currency)
    usual = {
        "id": IDS.new(),
        "number": 1001,
        "customer_id": IDS.new(),
        "contact": a_contact(),
        "ship_to": an_address(),
        "manager_id": STORE_ADMIN,
        "placed_by": EMBEDDING.id,
        "ordered_at": AT,
        "status": OrderStatus.PENDING,
        "expires_at": AT + timedelta(hours=1),
        "total": total,
        "payment": a_payment(total),
    }
    return Order(items=items, **{**usual, **details}).placed(token="tok_visa", attempt_id=IDS.new(), at=AT)

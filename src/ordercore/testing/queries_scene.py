"""The only place for what the queries suite lists: a store with some of everything in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve, frozen

from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.customer import Contact, Customer
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.order import OnDecline, Order
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import PaymentRow
from ordercore.ports.store import Store
from ordercore.testing.store_samples import (
    ACTOR_ID,
    AT,
    ORDER_LIVES,
    a_customer,
    a_product,
    a_shipment,
    a_token,
    a_work_item,
    an_admin,
    an_order,
    shipment_in,
)
from ordercore.testing.store_steps import live


@frozen(kw_only=True)
class Scene:
    """What a store holds in these tests."""

    products: Sequence[Product]
    customers: Sequence[Customer]
    orders: Sequence[Order]
    shipments: Sequence[Shipment]
    manager_id: UUID
    work_items: Sequence[WorkItem] = ()


LIVES = ("pending", "confirmed", "confirmed", "unknown", "delivered", "contradicted", "confirmed")
"""The lives of the scene's orders, oldest first; the last two were placed at one moment."""


def a_scene(store: Store) -> Scene:
    """Products, customers, orders in several states with shipments, an admin user and tokens."""
    products = _products(store)
    customers = [
        named_customer("Ada", "ada@example.com", phone="+492215550100"),
        named_customer("Bob", "bob@example.com"),
        named_customer("Ada's guest", "Ada@Example.com", is_guest=True),
    ]
    manager = an_admin()
    with store.begin() as work:
        work.customers.save(*customers)
        work.admins.save(manager)
        work.tokens.save(a_token(), a_token())
    scene = Scene(
        products=products,
        customers=[evolve(each, facts=(), event_count=1) for each in customers],
        orders=(),
        shipments=(),
        manager_id=manager.id,
    )
    moments = [AT + timedelta(hours=min(at, len(LIVES) - 2)) for at in range(len(LIVES))]
    orders = [
        live(store, place(store, scene, number=at, at=moment), ORDER_LIVES[life])
        for at, (life, moment) in enumerate(zip(LIVES, moments, strict=True))
    ]
    shipments, items = _shipments(store, orders), _work_items(store, orders)
    return evolve(scene, orders=orders, shipments=shipments, work_items=items)


def _products(store: Store) -> list[Product]:
    """Four kept and one archived; the first was received and adjusted, two are low."""
    made = [
        evolve(a_product(sku="A-1"), name="Blue mug"),
        evolve(a_product(sku="MUG%1"), name="Other"),
        evolve(a_product(sku="b_2", quantity=5, threshold=5), name="Spade", category="garden"),
        evolve(a_product(sku="c\\3", quantity=0, threshold=1), name="CRÈME Brûlée", category="kitchen"),
        evolve(a_product(sku="d4"), name="Old mug"),
    ]
    with store.begin() as work:
        work.products.claim_skus(made)
    with store.begin() as work:
        held = work.products.hold([product.id for product in made])
        first = held[made[0].id].receive(5, at=AT, actor_id=ACTOR_ID, reason="found")
        work.products.save(first.adjust(-3, at=AT, actor_id=ACTOR_ID, reason="broken"))
        work.products.save(held[made[4].id].archive(at=AT, actor_id=ACTOR_ID))
    with store.reading() as lookups:
        kept = lookups.products([product.id for product in made])
    return [kept[product.id] for product in made]


def _shipments(store: Store, orders: Sequence[Order]) -> list[Shipment]:
    wanted = (ShipmentStatus.PENDING, ShipmentStatus.LABELLED, ShipmentStatus.FAILED, ShipmentStatus.DELIVERED)
    made = [
        shipment_in(status, evolve(a_shipment(order), started_at=AT))
        for status, order in zip(wanted, orders, strict=False)
    ]
    with store.begin() as work:
        work.shipments.save(*made)
    return made


def _work_items(store: Store, orders: Sequence[Order]) -> list[WorkItem]:
    """Three, oldest first; the second is settled."""
    made = [a_work_item(order) for order in orders[:3]]
    made[1] = made[1].settle("seen", at=AT, actor_id=ACTOR_ID)
    with store.begin() as work:
        work.work_items.save(*reversed(made))
    return [each.written() for each in made]


def named_customer(name: str, email: str, *, phone: str | None = None, is_guest: bool = False) -> Customer:
    """A customer of that name."""
    return evolve(a_customer(is_guest=is_guest), contact=Contact(name=name, email=email, phone=phone))


def place(store: Store, scene: Scene, *, at: datetime, number: int = 0) -> Order:
    """A pending order at that moment; customer, manager and reference go by its number."""
    with store.begin() as work:
        order = an_order(
            number=work.orders.next_numbers(1)[0],
            customer=scene.customers[number % 2],
            products=scene.products[: 1 + number % 3],
            manager_id=scene.manager_id if number % 3 == 0 else STORE_ADMIN,
            reference=f"ref {number}" if number else None,
            on_decline=OnDecline.HOLD,
            at=at,
        )
        work.orders.save(order)
    return order


def newest_first(orders: Sequence[Order]) -> list[Order]:
    """As lists show them."""
    return sorted(orders, key=lambda order: (order.ordered_at, order.id), reverse=True)


def payment_row(order: Order) -> PaymentRow:
    """The row of an order's payment."""
    payment = order.payment
    return PaymentRow(
        id=payment.id,
        order_id=order.id,
        order_number=order.number,
        amount=payment.amount,
        method=payment.method,
        status=payment.status,
        is_unknown=payment.is_unknown,
        authorised=payment.authorised,
        captured=payment.captured,
        refunded=payment.refunded,
        discrepancy=payment.discrepancy,
        ordered_at=order.ordered_at,
    )

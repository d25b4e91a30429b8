"""The only place for what the store suite keeps: aggregates of every status, made by their own transitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from attrs import evolve

from ordercore.adapters.system import Uuid7Ids
from ordercore.domain.actor import EMBEDDING, Permission
from ordercore.domain.admin import STORE_ADMIN, AdminRole, AdminUser, ApiToken
from ordercore.domain.customer import Address, Contact, Customer
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Adjustment, Allocation, CancelReason, OnDecline, Order, OrderItem
from ordercore.domain.payment import AnswerKind, AttemptKind, Payment, PaymentMethod, ProviderAnswer
from ordercore.domain.product import DEFAULT_LOCATION, Product
from ordercore.domain.product_import import ProductImport
from ordercore.domain.shipment import Label, Shipment, ShipmentLine
from ordercore.domain.work_item import WorkItem, WorkItemKind

AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
ACTOR_ID = EMBEDDING.id
HOME = Address(
    line1="1 Rue de l'Été", line2="2nd floor", city="Orléans", region="Loiret", postal_code="45000", country="FR"
)
APPROVED = ProviderAnswer(kind=AnswerKind.APPROVED, reference="ref_1")
DECLINED = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="card_declined")
UNKNOWN = ProviderAnswer(kind=AnswerKind.UNKNOWN)
ACTION_REQUIRED = ProviderAnswer(kind=AnswerKind.ACTION_REQUIRED, reference="ref_1")

_ids = Uuid7Ids()
new_id = _ids.new


def a_customer(*, email: str | None = None, is_guest: bool = False, phone: str | None = None) -> Customer:
    """A customer, nobody else's e-mail address unless one is given."""
    return Customer.register(
        id=new_id(),
        contact=Contact(name="Zoë Ångström", email=email or f"{new_id().hex}@example.com", phone=phone),
        address=HOME,
        locale="fr",
        is_guest=is_guest,
        at=AT,
        actor_id=ACTOR_ID,
    )


def a_product(*, sku: str | None = None, quantity: int = 100, threshold: int | None = None) -> Product:
    """A product in stock."""
    return Product.add(
        id=new_id(),
        sku=sku or f"S-{new_id().hex}",
        name="Mug, “large”",
        description="line 1\nline 2",
        price=Money.of("12.50", "EUR"),
        category="kitchen",
        weight_grams=350,
        low_stock_threshold=threshold,
        quantity=quantity,
        at=AT,
        actor_id=ACTOR_ID,
    )


def an_admin(*, username: str | None = None) -> AdminUser:
    """An active admin user."""
    return AdminUser.add(
        id=new_id(),
        username=username or f"admin-{new_id().hex}",
        role=AdminRole.MANAGER,
        password_hash="$argon2id$not-a-real-hash",
        at=AT,
        actor_id=ACTOR_ID,
    )


def an_import(*low: str) -> ProductImport:
    """An ended import of a product in plenty and of others that are low."""
    products = [a_product(), *(a_product(sku=sku, quantity=1, threshold=1) for sku in low)]
    return ProductImport(id=new_id()).counted(products, known=7).ended(at=AT, actor_id=ACTOR_ID)


def a_token() -> ApiToken:
    """A token with two permissions."""
    return ApiToken.create(
        id=new_id(),
        name="till 1",
        secret_hash=bytes(range(32)),
        permissions=frozenset({Permission.ORDERS_PLACE, Permission.ORDERS_READ}),
        at=AT,
        actor_id=ACTOR_ID,
    )


def an_order(
    *,
    number: int,
    customer: Customer,
    products: Sequence[Product],
    manager_id: UUID = STORE_ADMIN,
    on_decline: OnDecline = OnDecline.CANCEL,
    reference: str | None = None,
    at: datetime = AT,
    expires_at: datetime | None = AT + timedelta(hours=1),
    is_external: bool = False,
) -> Order:
    """A pending order of two pieces of each product with adjustments, its payment being asked for."""
    items = tuple(
        OrderItem(
            id=new_id(),
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            unit_price=product.price,
            quantity=2,
            line_total=product.price * 2,
            allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=2),),
        )
        for product in products
    )
    adjustments = (
        Adjustment(id=new_id(), kind="shipping", label="Parcel", amount=Money(490, "EUR")),
        Adjustment(
            id=new_id(), kind="tax", label="VAT", amount=Money(-10, "EUR"), item_id=items[0].id, is_tax_included=True
        ),
    )
    total = Money(2 * 1250 * len(items) + 480, "EUR")
    order = Order(
        id=new_id(),
        number=number,
        customer_id=customer.id,
        contact=customer.contact,
        ship_to=HOME,
        manager_id=manager_id,
        placed_by=ACTOR_ID,
        external_reference=reference,
        ordered_at=at,
        status=OrderStatus.PENDING,
        on_decline=on_decline,
        expires_at=expires_at,
        items=items,
        adjustments=adjustments,
        total=total,
        payment=Payment(
            id=new_id(),
            amount=total,
            method=PaymentMethod.CARD,
            status=PaymentStatus.PENDING,
            is_external=is_external,
            changed_at=at,
        ),
    )
    return order.placed(token=None if is_external else "tok_visa", attempt_id=new_id(), at=at)


def a_shipment(order: Order) -> Shipment:
    """A shipment of all the order's pieces, begun."""
    lines = tuple(ShipmentLine(order_item_id=item.id, quantity=item.quantity) for item in order.items)
    return Shipment.start(id=new_id(), order_id=order.id, lines=lines, at=AT, actor_id=ACTOR_ID)


def a_work_item(order: Order) -> WorkItem:
    """A discrepancy of the order's payment, waiting for somebody."""
    return WorkItem.open(
        id=new_id(),
        kind=WorkItemKind.PAYMENT_DISCREPANCY,
        order_id=order.id,
        payment_id=order.payment.id,
        attempt_id=order.payment.attempts[-1].id,
        amount=Money(-1250, "EUR"),
        at=AT,
        actor_id=ACTOR_ID,
    )


Step = Callable[[Order], Order]


def _answer(answer: ProviderAnswer) -> Step:
    def step(order: Order) -> Order:
        attempt = order.payment.attempts[-1]
        return order.record(attempt.id, answer, entry_id=new_id(), at=AT, actor_id=ACTOR_ID)

    return step


def _partial_refund(order: Order) -> Order:
    payment = order.payment.start(AttemptKind.REFUND, attempt_id=new_id(), amount=Money(100, "EUR"), token=None, at=AT)
    return _approve(evolve(order, payment=payment))


def _ship_one_item(order: Order) -> Order:
    """What partial shipment will make of an order: the first item gone, the others still reserved."""
    first, *others = order.items
    gone = evolve(first, quantity_shipped=first.quantity, allocations=())
    return evolve(order, items=(gone, *others), status=OrderStatus.PARTIALLY_SHIPPED, version=order.version + 1)


_approve, _decline, _lose_sight = _answer(APPROVED), _answer(DECLINED), _answer(UNKNOWN)
_ask_customer = _answer(ACTION_REQUIRED)


def _cancel(order: Order) -> Order:
    return order.cancel(attempt_id=new_id(), entry_id=new_id(), at=AT, actor_id=ACTOR_ID)


def _expire(order: Order) -> Order:
    return order.cancel(attempt_id=new_id(), entry_id=new_id(), at=AT, actor_id=ACTOR_ID, because=CancelReason.EXPIRED)


def _pay(order: Order) -> Order:
    return order.pay(token="tok_visa", attempt_id=new_id(), at=AT, actor_id=ACTOR_ID)


def _capture(order: Order) -> Order:
    return order.ask_capture(attempt_id=new_id(), at=AT, actor_id=ACTOR_ID)


def _claim(order: Order) -> Order:
    return order.claim(new_id(), at=AT, actor_id=ACTOR_ID)


def _unclaim(order: Order) -> Order:
    return order.unclaim(new_id(), at=AT, actor_id=ACTOR_ID, reason="refused")


def _ship(order: Order) -> Order:
    return order.ship(new_id(), tracking_number="TRK1", at=AT, actor_id=ACTOR_ID)


def _deliver(order: Order) -> Order:
    return order.deliver(new_id(), at=AT, actor_id=ACTOR_ID)


def _correct(order: Order) -> Order:
    return order.correct_address(evolve(HOME, line1="Elsewhere 2", line2=""), at=AT, actor_id=ACTOR_ID)


def _record_paid(order: Order) -> Order:
    return order.confirm_paid(entry_ids=(new_id(), new_id()), at=AT, actor_id=ACTOR_ID)


_PAID: tuple[Step, ...] = (_approve, _capture, _approve)

ORDER_LIVES: Mapping[str, tuple[Step, ...]] = {
    "pending": (),
    "unknown": (_lose_sight,),
    "with the customer": (_ask_customer,),
    "cancelled while asked": (_cancel,),
    "expired while asked": (_lose_sight, _expire),
    "paid too late": (_lose_sight, _expire, _approve),
    "declined": (_decline,),
    "expired": (_decline, _expire),
    "paid again": (_decline, _pay, _approve),
    "confirmed": (_approve,),
    "address corrected": (_approve, _correct),
    "captured": _PAID,
    "claimed": (*_PAID, _claim),
    "unclaimed": (*_PAID, _claim, _unclaim),
    "partially shipped": (*_PAID, _ship_one_item),
    "shipped": (*_PAID, _claim, _ship),
    "delivered": (*_PAID, _claim, _ship, _deliver),
    "being voided": (_approve, _cancel),
    "voided": (_approve, _cancel, _approve),
    "contradicted": (_decline, _approve),
    "partially refunded": (*_PAID, _partial_refund),
    "refunded": (*_PAID, _cancel, _approve),
}
"""Orders that wait after a decline, by the steps of their life after placement; every order and payment status."""

EXTERNAL_LIVES: Mapping[str, tuple[Step, ...]] = {
    "paid elsewhere": (_record_paid,),
    "refunded elsewhere": (_record_paid, _cancel),
}
"""Orders that no provider is asked about."""

LABEL = Label(carrier="fake", tracking_number="TRK1", document=b"%PDF\x00\xff", media_type="application/pdf")


def shipment_in(status: ShipmentStatus, shipment: Shipment) -> Shipment:
    """The pending shipment, moved on to that status."""
    if status is ShipmentStatus.PENDING:
        return shipment
    if status is ShipmentStatus.FAILED:
        return shipment.failed("no such street", at=AT, actor_id=ACTOR_ID)
    labelled = shipment.labelled(LABEL, at=AT, actor_id=ACTOR_ID)
    if status is ShipmentStatus.DELIVERED:
        return labelled.delivered(at=AT, actor_id=ACTOR_ID)
    return evolve(labelled, status=status)

"""Small domain objects for unit tests: every order is built by its own transitions; tests say only what matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from attrs import evolve

from ordercore.domain.aggregates import Aggregate, Event
from ordercore.domain.customer import Address, Contact
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Allocation, OnDecline, Order, OrderItem
from ordercore.domain.payment import (
    AnswerKind,
    NextAction,
    NextActionKind,
    Payment,
    PaymentMethod,
    ProviderAnswer,
)
from ordercore.domain.product import DEFAULT_LOCATION, Product

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ACTOR, OTHER_MANAGER, SHIPMENT = UUID(int=100), UUID(int=101), UUID(int=102)
ATTEMPT, SECOND_ATTEMPT, ENTRY, SECOND_ENTRY = UUID(int=110), UUID(int=111), UUID(int=112), UUID(int=113)
MUG, TEA = UUID(int=120), UUID(int=121)
HOME = Address(line1="1 Elm Street", city="Cincinnati", region="OH", postal_code="45202", country="US")
ANNA = Contact(name="Anna Meyer", email="anna@example.com", phone="+15135550100")

APPROVED = ProviderAnswer(kind=AnswerKind.APPROVED, reference="auth_1")
DECLINED = ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="insufficient_funds")
UNKNOWN = ProviderAnswer(kind=AnswerKind.UNKNOWN)
ACTION_REQUIRED = ProviderAnswer(
    kind=AnswerKind.ACTION_REQUIRED,
    reference="auth_1",
    next_action=NextAction(kind=NextActionKind.REDIRECT, value="https://bank.example/confirm"),
)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def an_item(product_id: UUID = MUG, quantity: int = 3, price: str = "2.50") -> OrderItem:
    return OrderItem(
        id=UUID(int=product_id.int + 10),
        product_id=product_id,
        sku=f"SKU-{product_id.int}",
        name="Mug",
        unit_price=euros(price),
        quantity=quantity,
        line_total=euros(price) * quantity,
        allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=quantity),),
    )


def a_payment(amount: str = "11.50", *, is_external: bool = False) -> Payment:
    return Payment(
        id=UUID(int=130),
        amount=euros(amount),
        method=PaymentMethod.CARD,
        status=PaymentStatus.PENDING,
        is_external=is_external,
        changed_at=NOON,
    )


def a_new_order(
    *, total: str = "11.50", on_decline: OnDecline = OnDecline.CANCEL, is_paid_elsewhere: bool = False
) -> Order:
    """Three mugs and a packet of tea, nothing asked yet."""
    return Order(
        id=UUID(int=140),
        number=7,
        customer_id=UUID(int=141),
        contact=ANNA,
        ship_to=HOME,
        manager_id=UUID(int=142),
        placed_by=ACTOR,
        ordered_at=NOON,
        status=OrderStatus.PENDING,
        on_decline=on_decline,
        expires_at=NOON + timedelta(hours=1),
        items=(an_item(), an_item(TEA, 1, "4.00")),
        total=euros(total),
        payment=a_payment(total, is_external=is_paid_elsewhere),
    )


def saved(order: Order) -> Order:
    """As a store would hand it out again."""
    return evolve(order, facts=(), payment=evolve(order.payment, entries=()))


def waiting_order() -> Order:
    """Pending, with nothing under way."""
    return saved(a_new_order().placed(token=None, attempt_id=ATTEMPT, at=NOON))


def asking_order(*, on_decline: OnDecline = OnDecline.CANCEL) -> Order:
    """Pending, its first attempt under way."""
    return saved(a_new_order(on_decline=on_decline).placed(token="tok_visa", attempt_id=ATTEMPT, at=NOON))


def held_order() -> Order:
    """Pending after a decline that left it waiting."""
    return answered(asking_order(on_decline=OnDecline.HOLD), DECLINED)


def confirmed_order() -> Order:
    """Its money is held."""
    return answered(asking_order(), APPROVED)


def captured_order() -> Order:
    """Confirmed, its money taken."""
    return answered(capturing_order(), APPROVED)


def capturing_order() -> Order:
    """Confirmed, its capture under way."""
    return saved(confirmed_order().ask_capture(attempt_id=SECOND_ATTEMPT, at=NOON, actor_id=ACTOR))


def claimed_order() -> Order:
    """Confirmed, with a shipment being made."""
    return saved(confirmed_order().claim(SHIPMENT, at=NOON, actor_id=ACTOR))


def partially_shipped_order() -> Order:
    """One mug of three is gone."""
    order = confirmed_order()
    mugs = evolve(
        order.items[0], quantity_shipped=1, allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=2),)
    )
    return evolve(order, status=OrderStatus.PARTIALLY_SHIPPED, items=(mugs, order.items[1]))


def shipped_order() -> Order:
    """Everything is gone."""
    return saved(claimed_order().ship(SHIPMENT, tracking_number="T1", at=NOON, actor_id=ACTOR))


def delivered_order() -> Order:
    """Everything arrived."""
    return saved(shipped_order().deliver(SHIPMENT, at=NOON, actor_id=ACTOR))


def cancelled_order() -> Order:
    """Ended by request before any money was asked for."""
    return cancelled(waiting_order())


def voiding_order() -> Order:
    """Cancelled, its held money being let go."""
    return cancelled(confirmed_order(), attempt_id=SECOND_ATTEMPT)


def refunding_order() -> Order:
    """Cancelled, its taken money being given back."""
    return cancelled(captured_order(), attempt_id=UUID(int=119))


def cancelled(order: Order, *, attempt_id: UUID = SECOND_ATTEMPT) -> Order:
    return saved(order.cancel(attempt_id=attempt_id, entry_id=ENTRY, at=NOON, actor_id=ACTOR))


def answered(order: Order, answer: ProviderAnswer) -> Order:
    """The order after the provider's word on its open attempt, saved."""
    return saved(recorded(order, answer))


def recorded(order: Order, answer: ProviderAnswer) -> Order:
    """The order after the provider's word on its open attempt, with its facts."""
    attempt = order.payment.open_attempt
    assert attempt is not None
    return order.record(attempt.id, answer, entry_id=ENTRY, at=LATER, actor_id=ACTOR)


def a_product(*, on_hand: int = 10, threshold: int | None = None, reserved: int = 0) -> Product:
    """Saved, with nothing left to tell."""
    product = Product.add(
        id=MUG,
        sku="MUG",
        name="Mug",
        description="",
        price=euros("2.50"),
        category=None,
        weight_grams=None,
        low_stock_threshold=threshold,
        quantity=on_hand,
        at=NOON,
        actor_id=ACTOR,
    )
    held = product.reserve(reserved, at=NOON, actor_id=ACTOR) if reserved else product
    return evolve(held, facts=(), movements=())


def facts_of_step(before: Aggregate, step: Callable[[], Aggregate], *, versions: int = 1) -> tuple[type[Event], ...]:
    """The types of the facts that a step attached, after checking what every step promises.

    It adds to the facts, says when and by whom, counts one version (unless told otherwise) and mutates nothing.
    """
    looked = repr(before), before.facts
    after = step()
    assert (repr(before), before.facts) == looked, "a transition mutated its aggregate"
    assert after.version == before.version + versions
    assert after.facts[: len(before.facts)] == before.facts
    new = after.facts[len(before.facts) :]
    assert new, "a transition without a fact"
    assert {(fact.occurred_at, fact.actor_id) for fact in new} == {(LATER, ACTOR)}
    return tuple(type(fact) for fact in new)

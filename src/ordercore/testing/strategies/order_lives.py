"""The only place with Hypothesis strategies for orders and their money, anywhere in their lives.

Each is led through its own transitions, so that none is drawn that the domain would not make.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from uuid import UUID

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ordercore.domain import limits
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import total_of
from ordercore.domain.order import Adjustment, Allocation, CancelReason, OnDecline, Order, OrderItem
from ordercore.domain.payment import (
    AnswerKind,
    Attempt,
    NextAction,
    NextActionKind,
    Payment,
    PaymentMethod,
    ProviderAnswer,
)
from ordercore.domain.product import DEFAULT_LOCATION
from ordercore.testing.strategies.values import (
    addresses,
    contacts,
    currencies,
    moneys,
    quantities,
    skus,
    texts,
    times,
    uuid7s,
)


@st.composite
def order_items(draw: DrawFn, currency: str | None = None) -> OrderItem:
    """Items as they are when ordered: all pieces allocated."""
    price, quantity = draw(moneys(currency, most=10**7)), draw(quantities(10_000))
    return OrderItem(
        id=draw(uuid7s()),
        product_id=draw(uuid7s()),
        sku=draw(skus()),
        name=draw(texts(most=limits.MAX_NAME_LENGTH)),
        unit_price=price,
        quantity=quantity,
        line_total=price * quantity,
        allocations=(Allocation(location_id=DEFAULT_LOCATION, quantity=quantity),),
    )


@st.composite
def adjustments(draw: DrawFn, currency: str | None = None, item_ids: Sequence[UUID] = ()) -> Adjustment:
    """Amounts beside the items: added, or taken off as a discount."""
    return Adjustment(
        id=draw(uuid7s()),
        kind=draw(st.sampled_from(("shipping", "tax", "discount"))),
        label=draw(texts(most=limits.MAX_NAME_LENGTH)),
        amount=draw(moneys(currency, least=-1000, most=10**6)),
        item_id=draw(st.none() | st.sampled_from(item_ids)) if item_ids else None,
        is_tax_included=draw(st.booleans()),
    )


@cache
def answers(kinds: tuple[AnswerKind, ...] = tuple(AnswerKind)) -> SearchStrategy[ProviderAnswer]:
    """A provider's words, with a reference where it approved and a code where it declined."""
    references, codes = st.text("abc_0123", min_size=1, max_size=40), st.sampled_from(("card_declined", "expired_card"))
    by_kind = {
        AnswerKind.APPROVED: st.builds(ProviderAnswer, kind=st.just(AnswerKind.APPROVED), reference=references),
        AnswerKind.DECLINED: st.builds(
            ProviderAnswer,
            kind=st.just(AnswerKind.DECLINED),
            reference=st.none() | references,
            decline_code=codes,
        ),
        AnswerKind.UNKNOWN: st.just(ProviderAnswer(kind=AnswerKind.UNKNOWN)),
        AnswerKind.ACTION_REQUIRED: st.builds(
            ProviderAnswer,
            kind=st.just(AnswerKind.ACTION_REQUIRED),
            reference=references,
            next_action=st.builds(NextAction, kind=st.sampled_from(NextActionKind), value=references),
        ),
    }
    return st.one_of(*(by_kind[kind] for kind in kinds))


@st.composite
def placed_orders(draw: DrawFn) -> Order:
    """Orders just placed: with an attempt under way, or paid elsewhere, or free."""
    currency, at = draw(currencies()), draw(times())
    items = tuple(draw(st.lists(order_items(currency), min_size=1, max_size=4, unique_by=lambda item: item.id)))
    beside = tuple(draw(st.lists(adjustments(currency, [item.id for item in items]), max_size=2)))
    if sum(item.line_total.amount_minor for item in items) + sum(one.amount.amount_minor for one in beside) < 0:
        beside = ()
    amounts = (*(item.line_total for item in items), *(one.amount for one in beside))
    total = total_of(amounts, currency)
    is_external = draw(st.booleans())
    payment = Payment(
        id=draw(uuid7s()),
        amount=total,
        method=PaymentMethod.CARD,
        status=PaymentStatus.PENDING,
        is_external=is_external,
        changed_at=at,
    )
    order = Order(
        id=draw(uuid7s()),
        number=draw(st.integers(1, 10**12)),
        customer_id=draw(uuid7s()),
        contact=draw(contacts()),
        ship_to=draw(addresses()),
        manager_id=draw(uuid7s()),
        placed_by=draw(uuid7s()),
        external_reference=draw(st.none() | texts(most=limits.MAX_NAME_LENGTH)),
        ordered_at=at,
        status=OrderStatus.PENDING,
        on_decline=draw(st.sampled_from(OnDecline)),
        expires_at=at + timedelta(hours=1),
        items=items,
        adjustments=beside,
        total=total,
        payment=payment,
    )
    if not is_external and total.amount_minor:
        return order.placed(token=draw(st.sampled_from(("tok_visa", "tok_timeout"))), attempt_id=draw(uuid7s()), at=at)
    entry_ids = (draw(uuid7s()), draw(uuid7s()))
    placed = order.placed(token=None, attempt_id=draw(uuid7s()), at=at)
    return placed.confirm_paid(entry_ids=entry_ids, at=at, actor_id=order.placed_by)


@st.composite
def orders(draw: DrawFn) -> Order:
    """Orders anywhere in their lives, with all the facts that led there."""
    order = draw(placed_orders())
    way = draw(st.sampled_from(_WAYS))
    astray = draw(st.lists(st.sampled_from(_STEPS), max_size=3))
    for step in (*way[: draw(st.integers(0, len(way)))], *astray):
        order = step(draw, order)
    return order


def payments() -> SearchStrategy[Payment]:
    """Payments anywhere in their lives, with attempts and entries."""
    return orders().map(lambda order: order.payment)


def attempts() -> SearchStrategy[Attempt]:
    """Things asked of the provider, with or without its word."""
    return orders().filter(lambda order: bool(order.payment.attempts)).map(lambda order: order.payment.attempts[-1])


def _record(draw: DrawFn, order: Order, kinds: tuple[AnswerKind, ...] = tuple(AnswerKind)) -> Order:
    """The provider's word on the open attempt, where one is open."""
    attempt = order.payment.open_attempt
    if attempt is None:
        return order
    return order.record(
        attempt.id, draw(answers(kinds)), entry_id=draw(uuid7s()), at=draw(times()), actor_id=draw(uuid7s())
    )


def _approve(draw: DrawFn, order: Order) -> Order:
    return _record(draw, order, (AnswerKind.APPROVED,))


def _contradict(draw: DrawFn, order: Order) -> Order:
    """A final word on an attempt that is closed, where one is: the same as before, or the other."""
    closed = [each for each in order.payment.attempts if not each.is_open]
    if not closed:
        return order
    attempt, final = draw(st.sampled_from(closed)), (AnswerKind.APPROVED, AnswerKind.DECLINED)
    return order.record(
        attempt.id, draw(answers(final)), entry_id=draw(uuid7s()), at=draw(times()), actor_id=draw(uuid7s())
    )


def _waits_for_its_money(order: Order) -> bool:
    """Whether an answer is outstanding, or contradicts the books: then nothing more is asked."""
    return order.payment.open_attempt is not None or order.payment.discrepancy != 0


def _pay_again(draw: DrawFn, order: Order) -> Order:
    if order.status is not OrderStatus.PENDING or _waits_for_its_money(order):
        return order
    return order.pay(token="tok_visa", attempt_id=draw(uuid7s()), at=draw(times()), actor_id=draw(uuid7s()))


def _capture(draw: DrawFn, order: Order) -> Order:
    if order.payment.status is not PaymentStatus.AUTHORISED or _waits_for_its_money(order):
        return order
    if order.status is not OrderStatus.CONFIRMED:
        return order
    return order.ask_capture(attempt_id=draw(uuid7s()), at=draw(times()), actor_id=draw(uuid7s()))


def _ship(draw: DrawFn, order: Order) -> Order:
    """A claim and, mostly, its label, where nothing stands against it."""
    if order.status is not OrderStatus.CONFIRMED or order.payment.status is not PaymentStatus.CAPTURED:
        return order
    if _waits_for_its_money(order):
        return order
    shipment_id, at, actor_id = draw(uuid7s()), draw(times()), draw(uuid7s())
    if not any(item.quantity_claimed for item in order.items):
        order = order.claim(shipment_id, at=at, actor_id=actor_id)
    end = draw(st.sampled_from(("shipped", "shipped", "released", "claimed")))
    if end == "shipped":
        return order.ship(shipment_id, tracking_number="RA000000005XX", at=at, actor_id=actor_id)
    return order.unclaim(shipment_id, at=at, actor_id=actor_id, reason="refused") if end == "released" else order


def _deliver(draw: DrawFn, order: Order) -> Order:
    if order.status is not OrderStatus.SHIPPED:
        return order
    return order.deliver(draw(uuid7s()), at=draw(times()), actor_id=draw(uuid7s()))


def _cancel(draw: DrawFn, order: Order) -> Order:
    is_open = order.status in (OrderStatus.PENDING, OrderStatus.CONFIRMED) and not order.payment.discrepancy
    if not is_open or any(item.quantity_claimed for item in order.items):
        return order
    expires = order.status is OrderStatus.PENDING and draw(st.booleans())
    return order.cancel(
        attempt_id=draw(uuid7s()),
        entry_id=draw(uuid7s()),
        at=draw(times()),
        actor_id=draw(uuid7s()),
        because=CancelReason.EXPIRED if expires else CancelReason.BY_REQUEST,
    )


def _steer(draw: DrawFn, order: Order) -> Order:
    """Another address or another manager, where still possible."""
    at, actor_id = draw(times()), draw(uuid7s())
    if order.status not in (OrderStatus.PENDING, OrderStatus.CONFIRMED):
        return order
    if any(item.quantity_claimed for item in order.items):
        return order.hand_over(draw(uuid7s()), at=at, actor_id=actor_id)
    return order.correct_address(draw(addresses()), at=at, actor_id=actor_id)


_WAYS = (
    (_approve, _capture, _approve, _ship, _deliver),
    (_record, _pay_again, _record),
    (_approve, _cancel, _record),
    (_approve, _capture, _approve, _cancel, _approve),
)
_STEPS = (_record, _record, _record, _contradict, _pay_again, _capture, _ship, _deliver, _cancel, _steer)


def saved(order: Order) -> Order:
    """The order as a store gives it back: its facts are counted, its entries are in the books."""
    return evolve(
        order,
        facts=(),
        event_count=order.event_count + len(order.facts),
        payment=evolve(order.payment, entries=()),
    )

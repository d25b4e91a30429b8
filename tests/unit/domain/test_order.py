from collections.abc import Callable
from uuid import UUID

import pytest
from attrs import evolve

from ordercore.domain.customer import Address
from ordercore.domain.errors import PaymentInFlight, ShipmentInProgress, TransitionRefused
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import CancelReason, Order, OrderItem, status_of
from ordercore.domain.order_events import (
    OrderAddressCorrected,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderHandedOver,
    OrderPlaced,
    OrderShipped,
    PaymentActionRequired,
    PaymentAttemptStarted,
    PaymentDeclinedEvent,
    PaymentRecorded,
    PaymentUnknown,
    ShipmentClaimed,
    ShipmentReleased,
)
from ordercore.domain.payment import AttemptKind, AttemptStatus, LedgerKind, ProviderAnswer
from tests.support import domain
from tests.support.domain import (
    ACTION_REQUIRED,
    ACTOR,
    APPROVED,
    ATTEMPT,
    DECLINED,
    ENTRY,
    HOME,
    LATER,
    MUG,
    NOON,
    OTHER_MANAGER,
    SECOND_ATTEMPT,
    SECOND_ENTRY,
    SHIPMENT,
    TEA,
    UNKNOWN,
    facts_of_step,
)

ELSEWHERE = Address(line1="2 Oak Avenue", city="Dayton", country="US")

Step = Callable[[Order], Order]


def pay(order: Order) -> Order:
    return order.pay(token="tok_visa", attempt_id=SECOND_ATTEMPT, at=LATER, actor_id=ACTOR)


def confirm_paid(order: Order) -> Order:
    return order.confirm_paid(entry_ids=(ENTRY, SECOND_ENTRY), at=LATER, actor_id=ACTOR)


def cancel(order: Order) -> Order:
    return order.cancel(attempt_id=SECOND_ATTEMPT, entry_id=ENTRY, at=LATER, actor_id=ACTOR)


def expire(order: Order) -> Order:
    return order.cancel(
        attempt_id=SECOND_ATTEMPT, entry_id=ENTRY, at=LATER, actor_id=ACTOR, because=CancelReason.EXPIRED
    )


def claim(order: Order) -> Order:
    return order.claim(SHIPMENT, at=LATER, actor_id=ACTOR)


def unclaim(order: Order) -> Order:
    return order.unclaim(SHIPMENT, at=LATER, actor_id=ACTOR, reason="no label")


def ship(order: Order) -> Order:
    return order.ship(SHIPMENT, tracking_number="T1", at=LATER, actor_id=ACTOR)


def deliver(order: Order) -> Order:
    return order.deliver(SHIPMENT, at=LATER, actor_id=ACTOR)


def correct_address(order: Order) -> Order:
    return order.correct_address(ELSEWHERE, at=LATER, actor_id=ACTOR)


def hand_over(order: Order) -> Order:
    return order.hand_over(OTHER_MANAGER, at=LATER, actor_id=ACTOR)


def ask_capture(order: Order) -> Order:
    return order.ask_capture(attempt_id=SECOND_ATTEMPT, at=LATER, actor_id=ACTOR)


ORDERS: dict[str, Callable[[], Order]] = {
    "pending": domain.waiting_order,
    "confirmed": domain.confirmed_order,
    "partially_shipped": domain.partially_shipped_order,
    "shipped": domain.shipped_order,
    "delivered": domain.delivered_order,
    "cancelled": domain.cancelled_order,
}
# step: the statuses it is allowed in with the status it leads to; its facts
STEPS: list[tuple[Step, dict[str, str], tuple[type, ...]]] = [
    (pay, {"pending": "pending"}, (PaymentAttemptStarted,)),
    (confirm_paid, {"pending": "confirmed"}, (OrderConfirmed,)),
    (cancel, {"pending": "cancelled", "confirmed": "cancelled"}, (OrderCancelled,)),
    (expire, {"pending": "cancelled"}, (OrderCancelled,)),
    (claim, {"confirmed": "confirmed", "partially_shipped": "partially_shipped"}, (ShipmentClaimed,)),
    (deliver, {"partially_shipped": "partially_shipped", "shipped": "delivered"}, (OrderDelivered,)),
    (correct_address, {"pending": "pending", "confirmed": "confirmed"}, (OrderAddressCorrected,)),
    (hand_over, {each: each for each in list(ORDERS)[:4]}, (OrderHandedOver,)),
]
PAIRS = [
    pytest.param(step, status, allowed.get(status), facts, id=f"{status}-{step.__name__}")
    for step, allowed, facts in STEPS
    for status in ORDERS
]


@pytest.mark.parametrize(("step", "status", "leads_to", "facts"), PAIRS)
def test_every_order_in_every_status_takes_or_refuses_every_step(
    step: Step, status: str, leads_to: str | None, facts: tuple[type, ...]
) -> None:
    order = ORDERS[status]()
    assert order.status == status
    if leads_to is None:
        with pytest.raises(TransitionRefused):
            step(order)
    else:
        told = facts_of_step(order, lambda: step(order))
        assert told[: len(facts)] == facts
        assert step(order).status == leads_to


@pytest.mark.parametrize("step", [ship, unclaim])
@pytest.mark.parametrize("status", ORDERS)
def test_what_no_shipment_has_claimed_is_neither_shipped_nor_released(status: str, step: Step) -> None:
    order = ORDERS[status]()
    with pytest.raises(TransitionRefused):
        step(order)


@pytest.mark.parametrize("step", [ship, unclaim])
@pytest.mark.parametrize("status", ["pending", "shipped", "delivered", "cancelled"])
def test_a_claim_does_not_carry_an_order_past_its_status(status: str, step: Step) -> None:
    order = ORDERS[status]()
    forced = evolve(order, items=tuple(evolve(item, quantity_claimed=1) for item in order.items))
    with pytest.raises(TransitionRefused):
        step(forced)


@pytest.mark.parametrize("status", ["confirmed", "partially_shipped"])
def test_claimed_pieces_are_released_by_a_shipment_that_failed(status: str) -> None:
    order = ORDERS[status]()
    claimed = claim(order)
    assert facts_of_step(claimed, lambda: unclaim(claimed)) == (ShipmentReleased,)
    assert (unclaim(claimed).status, unclaim(claimed).items) == (order.status, order.items)


@pytest.mark.parametrize("status", ["confirmed", "partially_shipped"])
def test_an_order_whose_open_pieces_are_claimed_ships_whole_and_holds_no_stock_after(status: str) -> None:
    claimed = claim(ORDERS[status]())
    assert facts_of_step(claimed, lambda: ship(claimed)) == (OrderShipped,)
    shipped = ship(claimed)
    assert shipped.status is OrderStatus.SHIPPED
    assert [item.quantity_shipped for item in shipped.items] == [3, 1]
    assert [item.quantity_claimed for item in shipped.items] == [0, 0]
    assert shipped.reserved == {}


@pytest.mark.parametrize("status", ORDERS)
def test_a_capture_is_asked_for_only_while_money_is_held(status: str) -> None:
    order = ORDERS[status]()
    if order.payment.status is PaymentStatus.AUTHORISED:
        assert facts_of_step(order, lambda: ask_capture(order)) == (PaymentAttemptStarted,)
        assert ask_capture(order).payment.capture_pending == 1150
    else:
        with pytest.raises(TransitionRefused):
            ask_capture(order)


def test_taken_money_is_not_captured_again() -> None:
    with pytest.raises(TransitionRefused, match="captured"):
        domain.captured_order().ask_capture(attempt_id=UUID(int=1), at=LATER, actor_id=ACTOR)


# what the provider's word does: the order's status, the payment's, the facts
ANSWERS = [
    (domain.asking_order, APPROVED, "confirmed", "authorised", (PaymentRecorded, OrderConfirmed)),
    (domain.asking_order, DECLINED, "cancelled", "declined", (PaymentDeclinedEvent, OrderCancelled)),
    (domain.asking_order, UNKNOWN, "pending", "pending", (PaymentUnknown,)),
    (domain.capturing_order, APPROVED, "confirmed", "captured", (PaymentRecorded,)),
    (domain.capturing_order, DECLINED, "confirmed", "authorised", (PaymentDeclinedEvent,)),
    (domain.capturing_order, UNKNOWN, "confirmed", "authorised", (PaymentUnknown,)),
    (domain.voiding_order, APPROVED, "cancelled", "voided", (PaymentRecorded,)),
    (domain.voiding_order, DECLINED, "cancelled", "authorised", (PaymentDeclinedEvent,)),
    (domain.voiding_order, UNKNOWN, "cancelled", "authorised", (PaymentUnknown,)),
    (domain.refunding_order, APPROVED, "cancelled", "refunded", (PaymentRecorded,)),
    (domain.refunding_order, DECLINED, "cancelled", "captured", (PaymentDeclinedEvent,)),
    (domain.refunding_order, UNKNOWN, "cancelled", "captured", (PaymentUnknown,)),
]


@pytest.mark.parametrize(("made", "answer", "status", "payment_status", "facts"), ANSWERS)
def test_every_word_of_the_provider_on_every_kind_of_attempt_is_recorded(
    made: Callable[[], Order], answer: ProviderAnswer, status: str, payment_status: str, facts: tuple[type, ...]
) -> None:
    order = made()
    assert facts_of_step(order, lambda: domain.recorded(order, answer)) == facts
    after = domain.recorded(order, answer)
    assert (after.status.value, after.payment.status.value) == (status, payment_status)
    assert after.payment.is_unknown == (answer is UNKNOWN)
    assert (after.payment.open_attempt is not None) == (answer is UNKNOWN)


@pytest.mark.parametrize("answer", [APPROVED, DECLINED, UNKNOWN])
@pytest.mark.parametrize("made", [domain.asking_order, domain.capturing_order, domain.voiding_order])
def test_recording_the_same_attempt_twice_changes_nothing(made: Callable[[], Order], answer: ProviderAnswer) -> None:
    once = domain.recorded(made(), answer)
    attempt = once.payment.attempts[-1]
    again = once.record(attempt.id, answer, entry_id=ENTRY, at=LATER, actor_id=ACTOR)
    assert again is once


@pytest.mark.parametrize("answer", [APPROVED, DECLINED])
def test_an_unknown_attempt_is_settled_by_a_later_answer(answer: ProviderAnswer) -> None:
    unknown = domain.answered(domain.asking_order(), UNKNOWN)
    after = domain.recorded(unknown, answer)
    assert not after.payment.is_unknown
    assert after.status is (OrderStatus.CONFIRMED if answer is APPROVED else OrderStatus.CANCELLED)


def test_an_order_waits_while_its_customer_has_to_act() -> None:
    order = domain.asking_order()
    assert facts_of_step(order, lambda: domain.recorded(order, ACTION_REQUIRED)) == (PaymentActionRequired,)
    waiting = domain.answered(order, ACTION_REQUIRED)
    attempt = waiting.payment.open_attempt
    assert attempt is not None
    assert (attempt.status, attempt.reference) == (AttemptStatus.ACTION_REQUIRED, "auth_1")
    assert (waiting.status, waiting.payment.is_unknown) == (OrderStatus.PENDING, False)
    assert waiting.payment.authorise_pending == waiting.total.amount_minor


@pytest.mark.parametrize("answer", [ACTION_REQUIRED, UNKNOWN])
def test_asking_again_while_the_customer_has_to_act_changes_nothing(answer: ProviderAnswer) -> None:
    waiting = domain.answered(domain.asking_order(), ACTION_REQUIRED)
    assert domain.recorded(waiting, answer) is waiting


@pytest.mark.parametrize(("answer", "status"), [(APPROVED, "confirmed"), (DECLINED, "cancelled")])
def test_what_the_customer_did_ends_the_wait(answer: ProviderAnswer, status: str) -> None:
    waiting = domain.answered(domain.answered(domain.asking_order(), UNKNOWN), ACTION_REQUIRED)
    assert domain.answered(waiting, answer).status.value == status


@pytest.mark.parametrize("amount", [domain.euros("11.49"), domain.euros("11.51"), Money.of("11.50", "USD")])
def test_an_approval_of_another_amount_or_currency_is_no_answer(amount: Money) -> None:
    after = domain.answered(domain.asking_order(), evolve(APPROVED, amount=amount))
    assert (after.status, after.payment.is_unknown, after.payment.authorised) == (OrderStatus.PENDING, True, 0)
    assert domain.answered(after, evolve(APPROVED, amount=after.total)).status is OrderStatus.CONFIRMED


@pytest.mark.parametrize("made", [domain.capturing_order, domain.voiding_order, domain.refunding_order])
def test_no_action_of_a_customer_is_needed_to_move_money_that_is_held(made: Callable[[], Order]) -> None:
    assert domain.answered(made(), ACTION_REQUIRED).payment.is_unknown


def test_an_action_after_the_final_word_changes_nothing() -> None:
    order = domain.confirmed_order()
    assert order.record(ATTEMPT, ACTION_REQUIRED, entry_id=ENTRY, at=LATER, actor_id=ACTOR) is order


def test_a_placed_order_tells_its_lines_and_asks_for_its_total() -> None:
    order = domain.a_new_order()
    assert facts_of_step_of_placing(order, token="tok_visa") == (OrderPlaced,)
    placed = order.placed(token="tok_visa", attempt_id=ATTEMPT, at=LATER)
    (fact,) = placed.facts
    assert isinstance(fact, OrderPlaced)
    assert [(line.sku, line.quantity, line.unit_price_minor) for line in fact.lines] == [
        ("SKU-120", 3, 250),
        ("SKU-121", 1, 400),
    ]
    assert (fact.total_minor, fact.currency, fact.number) == (1150, "EUR", 7)
    (attempt,) = placed.payment.attempts
    assert (attempt.kind, attempt.status, attempt.amount) == (AttemptKind.AUTHORISE, AttemptStatus.PENDING, order.total)
    assert placed.payment.authorise_pending == 1150


def test_a_placed_order_without_a_token_asks_nobody() -> None:
    assert facts_of_step_of_placing(domain.a_new_order(), token=None) == (OrderPlaced,)
    assert domain.waiting_order().payment.attempts == ()


def facts_of_step_of_placing(order: Order, token: str | None) -> tuple[type, ...]:
    """A placement is a new order's first step: its version stays the first."""
    return facts_of_step(order, lambda: order.placed(token=token, attempt_id=ATTEMPT, at=LATER), versions=0)


def test_events_carry_no_personal_data() -> None:
    order = domain.asking_order()
    told = repr([domain.a_new_order().placed(token="tok_visa", attempt_id=ATTEMPT, at=NOON).facts])
    told += repr(domain.recorded(order, APPROVED).facts) + repr(correct_address(domain.waiting_order()).facts)
    for personal in (order.contact.name, order.contact.email, order.ship_to.line1, ELSEWHERE.line1, "tok_visa"):
        assert personal not in told


def test_a_confirmed_order_expires_no_more() -> None:
    assert domain.asking_order().expires_at is not None
    assert domain.confirmed_order().expires_at is None
    assert confirm_paid(domain.waiting_order()).expires_at is None


def test_an_order_paid_elsewhere_is_authorised_and_captured_in_full() -> None:
    payment = confirm_paid(domain.waiting_order()).payment
    assert (payment.status, payment.authorised, payment.captured) == (PaymentStatus.CAPTURED, 1150, 1150)
    assert [entry.kind for entry in payment.entries] == [LedgerKind.AUTHORISED, LedgerKind.CAPTURED]


def test_a_zero_total_is_confirmed_without_ledger_entries() -> None:
    free = confirm_paid(domain.a_new_order(total="0.00").placed(token=None, attempt_id=ATTEMPT, at=NOON))
    assert (free.status, free.payment.status, free.payment.entries) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.CAPTURED,
        (),
    )


# -- declines -------------------------------------------------------------------------------------------------------


def test_a_declined_order_is_cancelled_with_its_reason_and_holds_no_stock() -> None:
    after = domain.recorded(domain.asking_order(), DECLINED)
    assert after.cancel_reason is CancelReason.PAYMENT_DECLINED
    assert after.payment.decline_code == "insufficient_funds"
    assert after.reserved == {}
    assert [item.quantity_cancelled for item in after.items] == [3, 1]


def test_a_decline_without_a_code_says_declined() -> None:
    silent = evolve(DECLINED, decline_code=None)
    fact = domain.recorded(domain.asking_order(), silent).facts[0]
    assert isinstance(fact, PaymentDeclinedEvent)
    assert fact.decline_code == "declined"


def test_a_declined_order_on_hold_waits_with_its_reservation() -> None:
    order = domain.held_order()
    assert (order.status, order.payment.status) == (OrderStatus.PENDING, PaymentStatus.DECLINED)
    assert order.reserved == {MUG: 3, TEA: 1}
    assert order.expires_at is not None


def test_a_waiting_order_is_paid_by_a_second_attempt() -> None:
    after = domain.answered(pay(domain.held_order()), APPROVED)
    assert (after.status, after.payment.authorised) == (OrderStatus.CONFIRMED, 1150)
    assert [attempt.status for attempt in after.payment.attempts] == [AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED]


@pytest.mark.parametrize("made", [domain.asking_order, lambda: domain.answered(domain.asking_order(), UNKNOWN)])
@pytest.mark.parametrize("step", [pay, ask_capture, confirm_paid])
def test_an_attempt_without_a_final_answer_blocks_another(made: Callable[[], Order], step: Step) -> None:
    with pytest.raises(PaymentInFlight):
        step(made())


def test_unsettled_money_does_not_ship() -> None:
    with pytest.raises(PaymentInFlight):
        claim(domain.capturing_order())


# -- cancelling -----------------------------------------------------------------------------------------------------


def test_a_cancelled_order_gives_up_its_stock_and_its_expiry() -> None:
    after = cancel(domain.waiting_order())
    assert (after.reserved, after.expires_at, after.cancel_reason) == ({}, None, CancelReason.BY_REQUEST)
    assert after.payment.status is PaymentStatus.VOIDED


def test_an_expired_order_says_so() -> None:
    assert expire(domain.held_order()).cancel_reason is CancelReason.EXPIRED


def test_held_money_is_voided() -> None:
    order = domain.confirmed_order()
    assert facts_of_step(order, lambda: cancel(order)) == (OrderCancelled, PaymentAttemptStarted)
    attempt = cancel(order).payment.open_attempt
    assert attempt is not None
    assert (attempt.kind, attempt.amount) == (AttemptKind.VOID, order.total)
    assert domain.answered(domain.voiding_order(), APPROVED).payment.authorised == 0


def test_taken_money_is_refunded() -> None:
    order = domain.refunding_order()
    assert order.payment.refund_pending == 1150
    after = domain.answered(order, APPROVED)
    assert (after.payment.refunded, after.payment.refund_pending) == (1150, 0)


def test_money_taken_elsewhere_is_given_back_elsewhere() -> None:
    paid = domain.saved(confirm_paid(domain.a_new_order(is_paid_elsewhere=True)))
    after = cancel(paid)
    assert (after.payment.status, after.payment.refunded) == (PaymentStatus.REFUNDED, 1150)
    assert after.payment.open_attempt is None
    assert [entry.kind for entry in after.payment.entries] == [LedgerKind.REFUNDED]


def test_an_order_that_cost_nothing_is_cancelled_without_money_moving() -> None:
    free = domain.saved(confirm_paid(domain.a_new_order(total="0.00")))
    assert facts_of_step(free, lambda: cancel(free)) == (OrderCancelled,)
    assert cancel(free).payment == free.payment


@pytest.mark.parametrize("step", [cancel, claim, correct_address])
def test_a_claimed_order_is_not_changed_under_its_shipment(step: Step) -> None:
    with pytest.raises(ShipmentInProgress):
        step(domain.claimed_order())


# -- shipping -------------------------------------------------------------------------------------------------------


def test_a_claim_takes_every_open_piece_and_keeps_its_stock() -> None:
    order = domain.claimed_order()
    assert [item.quantity_claimed for item in order.items] == [3, 1]
    assert [item.quantity_open for item in order.items] == [0, 0]
    assert order.reserved == {MUG: 3, TEA: 1}


def test_a_claim_of_a_partially_shipped_order_takes_the_rest() -> None:
    assert [item.quantity_claimed for item in claim(domain.partially_shipped_order()).items] == [2, 1]


def test_a_released_order_can_be_claimed_again() -> None:
    released = domain.saved(unclaim(domain.claimed_order()))
    assert [item.quantity_open for item in released.items] == [3, 1]
    assert claim(released).status is OrderStatus.CONFIRMED


def test_a_delivery_counts_what_was_shipped() -> None:
    assert [item.quantity_delivered for item in domain.delivered_order().items] == [3, 1]
    assert [item.quantity_delivered for item in deliver(domain.partially_shipped_order()).items] == [1, 0]


# -- steering -------------------------------------------------------------------------------------------------------


def test_a_corrected_order_ships_elsewhere() -> None:
    order = domain.waiting_order()
    assert (order.ship_to, correct_address(order).ship_to) == (HOME, ELSEWHERE)


def test_an_order_handed_to_its_own_manager_is_as_it_was() -> None:
    order = domain.waiting_order()
    assert order.hand_over(order.manager_id, at=LATER, actor_id=ACTOR) is order


def test_a_hand_over_names_both_managers() -> None:
    order = domain.waiting_order()
    (fact,) = hand_over(order).facts
    assert isinstance(fact, OrderHandedOver)
    assert (fact.from_manager_id, fact.to_manager_id) == (order.manager_id, OTHER_MANAGER)
    assert hand_over(order).manager_id == OTHER_MANAGER


# -- items and status -----------------------------------------------------------------------------------------------


def an_item(*, cancelled: int = 0, shipped: int = 0, delivered: int = 0, claimed: int = 0) -> OrderItem:
    return evolve(
        domain.an_item(quantity=3),
        quantity_cancelled=cancelled,
        quantity_shipped=shipped,
        quantity_delivered=delivered,
        quantity_claimed=claimed,
    )


@pytest.mark.parametrize(
    ("items", "status"),
    [
        ([an_item()], "confirmed"),
        ([an_item(claimed=3)], "confirmed"),
        ([an_item(cancelled=3)], "cancelled"),
        ([an_item(cancelled=1)], "confirmed"),
        ([an_item(shipped=1)], "partially_shipped"),
        ([an_item(shipped=1, delivered=1)], "partially_shipped"),
        ([an_item(shipped=3), an_item()], "partially_shipped"),
        ([an_item(shipped=3), an_item(claimed=3)], "partially_shipped"),
        ([an_item(shipped=3)], "shipped"),
        ([an_item(shipped=1, cancelled=2)], "shipped"),
        ([an_item(shipped=3, delivered=2)], "shipped"),
        ([an_item(shipped=3), an_item(cancelled=3)], "shipped"),
        ([an_item(shipped=3, delivered=3)], "delivered"),
        ([an_item(shipped=1, delivered=1, cancelled=2)], "delivered"),
    ],
)
def test_after_confirmation_the_status_follows_from_the_quantities(items: list[OrderItem], status: str) -> None:
    assert status_of(items).value == status


def test_an_item_knows_what_it_holds() -> None:
    assert domain.an_item(quantity=3).quantity_reserved == 3
    assert evolve(domain.an_item(), allocations=()).quantity_reserved == 0


def test_two_items_of_one_product_are_held_together() -> None:
    order = domain.a_new_order()
    doubled = evolve(order, items=(*order.items, evolve(domain.an_item(), id=UUID(int=9))))
    assert doubled.reserved == {MUG: 6, TEA: 1}


# -- saving ---------------------------------------------------------------------------------------------------------


def test_a_written_order_has_counted_its_events_and_has_nothing_left_to_tell() -> None:
    order = domain.recorded(domain.asking_order(), APPROVED)
    assert (len(order.facts), len(order.payment.entries)) == (2, 1)
    written = order.written()
    assert written.event_count == order.event_count + 2
    assert (written.facts, written.payment.entries) == ((), ())
    assert evolve(written, event_count=order.event_count) == order

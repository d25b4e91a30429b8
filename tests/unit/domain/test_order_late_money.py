"""Orders that end while a provider's answer is outstanding: the money waits for it, and goes back."""

from collections.abc import Callable

import pytest

from ordercore.domain.errors import TransitionRefused
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import CancelReason, Order
from ordercore.domain.order_events import OrderCancelled, PaymentCameLate, PaymentRecorded
from ordercore.domain.payment import AttemptKind, AttemptStatus
from ordercore.testing.builders import IDS
from tests.support import domain
from tests.support.domain import ACTOR, APPROVED, DECLINED, LATER, UNKNOWN, facts_of_step, saved


def ended(order: Order, because: CancelReason = CancelReason.BY_REQUEST) -> Order:
    return order.cancel(attempt_id=IDS.new(), entry_id=IDS.new(), at=LATER, actor_id=ACTOR, because=because)


def given_back(order: Order) -> Order:
    return order.give_back(attempt_id=IDS.new(), entry_id=IDS.new(), at=LATER, actor_id=ACTOR)


def goes_on(order: Order) -> bool:
    """Whether the answer to the latest attempt leaves money to give back."""
    return order.has_money_to_return(order.payment.attempts[-1].id)


@pytest.mark.parametrize("because", [CancelReason.BY_REQUEST, CancelReason.EXPIRED])
@pytest.mark.parametrize("made", [domain.asking_order, lambda: domain.answered(domain.asking_order(), UNKNOWN)])
def test_an_order_ends_though_an_answer_is_outstanding(made: Callable[[], Order], because: CancelReason) -> None:
    order = made()
    assert facts_of_step(order, lambda: ended(order, because)) == (OrderCancelled,)
    after = ended(order, because)
    assert (after.status, after.reserved, after.payment) == (OrderStatus.CANCELLED, {}, order.payment)


def test_money_held_for_a_cancelled_order_is_voided_and_does_not_revive_it() -> None:
    after = domain.answered(ended(domain.asking_order()), APPROVED)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.AUTHORISED)
    assert goes_on(after)
    voiding = saved(given_back(after))
    assert voiding.payment.attempts[-1].kind is AttemptKind.VOID
    assert not goes_on(voiding)
    assert domain.answered(voiding, APPROVED).payment.status is PaymentStatus.VOIDED


def test_money_taken_for_a_cancelled_order_is_refunded() -> None:
    after = domain.answered(ended(domain.capturing_order()), APPROVED)
    assert (after.payment.captured, goes_on(after)) == (1150, True)
    refunding = saved(given_back(after))
    assert refunding.payment.attempts[-1].kind is AttemptKind.REFUND
    assert domain.answered(refunding, APPROVED).payment.status is PaymentStatus.REFUNDED


def test_money_that_could_not_be_taken_for_a_cancelled_order_is_let_go() -> None:
    after = domain.answered(ended(domain.capturing_order()), DECLINED)
    assert goes_on(after)
    assert given_back(after).payment.attempts[-1].kind is AttemptKind.VOID


def test_a_decline_leaves_a_cancelled_order_as_it_is() -> None:
    after = domain.answered(ended(domain.asking_order()), DECLINED)
    assert (after.cancel_reason, after.payment.status) == (CancelReason.BY_REQUEST, PaymentStatus.DECLINED)
    assert not goes_on(after)


@pytest.mark.parametrize("made", [domain.voiding_order, domain.refunding_order])
def test_money_that_is_not_taken_back_waits_until_somebody_asks(made: Callable[[], Order]) -> None:
    assert not goes_on(domain.answered(made(), DECLINED))


def test_an_order_that_goes_on_keeps_its_money() -> None:
    assert not goes_on(domain.confirmed_order())


def test_money_for_an_expired_order_is_told_once() -> None:
    expired = saved(ended(domain.asking_order(), CancelReason.EXPIRED))
    assert facts_of_step(expired, lambda: domain.recorded(expired, APPROVED)) == (PaymentRecorded, PaymentCameLate)
    after = domain.answered(expired, APPROVED)
    assert after.payment.attempts[-1].status is AttemptStatus.SUCCEEDED
    assert domain.answered(saved(given_back(after)), APPROVED).facts == ()


def test_a_shipment_still_excludes_cancelling() -> None:
    with pytest.raises(TransitionRefused):
        ended(domain.shipped_order())

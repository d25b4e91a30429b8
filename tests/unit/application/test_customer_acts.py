"""Authorisations that the customer has to confirm first: 3-D Secure."""

from datetime import timedelta

import pytest

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.placing import PlaceOrder
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.steering import CancelOrder, PayOrder
from ordercore.domain.errors import PaymentDeclined, PaymentInFlight
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import CancelReason, OnDecline, Order
from ordercore.domain.payment import AttemptStatus, NextActionKind, ProviderAnswer
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.faults import Cut, Fault, FaultPlan
from tests.support.cores import DECLINED, OpenShop, a_command, a_shop, add, available, placed

SECURE = "tok_threeDSecure"
AT_ONCE = Settings(capture=CapturePolicy.CONFIRMED)


def a_stocked_shop(*cuts: Cut, gateway: FakeGateway | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=AT_ONCE, gateway=gateway)
    add(shop)
    return shop


def reference_of(order: Order) -> str:
    reference = order.payment.attempts[-1].reference
    assert reference is not None
    return reference


def placing() -> PlaceOrder:
    return a_command(token=SECURE)


def test_an_order_waits_with_its_stock_and_says_what_to_do() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=SECURE)
    assert (order.status, order.payment.status, available(shop)) == (OrderStatus.PENDING, PaymentStatus.PENDING, 9)
    assert order.payment.attempts[0].status is AttemptStatus.ACTION_REQUIRED
    action = order.payment.next_action
    assert action is not None
    assert (action.kind, action.value) == (
        NextActionKind.REDIRECT,
        f"https://bank.example/confirm/{reference_of(order)}",
    )
    assert shop.ordering.get(order.id).payment.next_action is None, "it is stored"


def test_a_repeat_is_told_the_action_again() -> None:
    shop = a_stocked_shop()
    first, again = (shop.ordering.place(placing(), idempotency_key="k") for _ in range(2))
    assert (again.id, again.replayed, again.version) == (first.id, True, first.version)
    assert again.payment.next_action == first.payment.next_action
    assert len(shop.provider.entries()) == 1


@pytest.mark.parametrize("hears", ["settling", "a worker", "a repeat"])
def test_what_the_customer_did_is_heard(hears: str) -> None:
    shop = a_stocked_shop()
    order = shop.ordering.place(placing(), idempotency_key="k")
    shop.provider.act(reference_of(order))
    shop.clock.advance(timedelta(seconds=10))
    if hears == "settling":
        shop.payments.settle(order.id)
    elif hears == "a worker":
        assert shop.housekeeping.run_round().settled == 1
    else:
        assert shop.ordering.place(placing(), idempotency_key="k").status is OrderStatus.CONFIRMED
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CONFIRMED, PaymentStatus.CAPTURED)
    assert shop.ordering.place(placing(), idempotency_key="k").replayed


def test_an_action_that_failed_is_a_decline() -> None:
    shop = a_stocked_shop()
    order = shop.ordering.place(placing(), idempotency_key="k")
    shop.provider.act(reference_of(order), confirms=False)
    after = shop.payments.settle(order.id)
    assert (after.status, after.payment.decline_code) == (OrderStatus.CANCELLED, "authentication_failed")
    with pytest.raises(PaymentDeclined):
        shop.ordering.place(placing(), idempotency_key="k")


def test_settling_before_the_customer_acted_changes_nothing() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=SECURE)
    again = shop.payments.settle(order.id)
    assert (again.version, again.payment.next_action) == (order.version, order.payment.next_action)


def test_a_second_payment_may_need_an_action_too_and_blocks_a_third() -> None:
    shop = a_stocked_shop()
    with pytest.raises(PaymentDeclined) as caught:
        placed(shop, token=DECLINED, on_decline=OnDecline.HOLD)
    order = shop.ordering.pay(PayOrder(order_id=caught.value.order_id, token=SECURE))
    assert order.payment.next_action is not None
    with pytest.raises(PaymentInFlight):
        shop.ordering.pay(PayOrder(order_id=order.id, token=SECURE))


def test_to_abandon_it_is_an_expiry_and_ends_it_at_the_provider() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=SECURE)
    shop.clock.advance(timedelta(hours=1, seconds=1))
    report = shop.housekeeping.run_round()
    assert (report.expired, report.settled, available(shop)) == (1, 1, 10)
    after = shop.ordering.get(order.id)
    assert (after.cancel_reason, after.payment.status) == (CancelReason.EXPIRED, PaymentStatus.DECLINED)
    assert after.payment.decline_code == "action_abandoned"
    with pytest.raises(ValueError, match="nothing is asked"):
        shop.provider.act(reference_of(order))


class ConfirmsLate(FakeGateway):
    """Its customer confirms in the moment in which the wait is ended."""

    def call(self, request: ProviderCall) -> ProviderAnswer:
        if request.key.endswith("-abandoned"):
            self.act(request.reference or "")
        return super().call(request)


def test_a_customer_who_confirms_in_the_last_moment_keeps_the_money_and_gets_no_order() -> None:
    gateway = ConfirmsLate()
    shop = a_stocked_shop(gateway=gateway)
    order = placed(shop, token=SECURE)
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    shop.clock.advance(timedelta(seconds=10))
    assert shop.housekeeping.run_round().settled == 1
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    (account,) = gateway.accounts().values()
    assert (account.authorised, account.captured) == (0, 0)


@pytest.mark.parametrize("point", ["gateway.void.after", "gateway.find.after"])
def test_an_end_that_was_not_heard_is_asked_for_again(point: str) -> None:
    shop = a_stocked_shop(Cut(point, Fault.UNKNOWN))
    order = placed(shop, token=SECURE)
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    for _ in range(2):
        shop.clock.advance(timedelta(hours=2))
        shop.housekeeping.run_round()
    assert shop.ordering.get(order.id).payment.status is PaymentStatus.DECLINED

from datetime import timedelta
from uuid import uuid4

import pytest

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.moving import CapturePayment, RefundPayment
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import ShipOrder
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import (
    AmountUnavailable,
    CurrencyMismatch,
    InvalidRequest,
    KeyReused,
    MoneyNotMoved,
    PaymentInFlight,
    RequestInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Order
from ordercore.ports.gateway import ProviderTraits
from ordercore.testing.faults import Cut, Fault, FaultPlan, PlannedFault
from tests.support.cores import CAPTURE_FAILS, OpenShop, a_shop, add, available, placed

AT_ONCE = Settings(capture=CapturePolicy.CONFIRMED)


class Once(FakeGateway):
    """A provider that moves the money of an authorisation in one piece."""

    @property
    def traits(self) -> ProviderTraits:
        return ProviderTraits(name="once", captures_many=False, refunds_in_parts=False)


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None, gateway: FakeGateway | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings, gateway=gateway)
    add(shop)
    return shop


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def capture(shop: OpenShop, order: Order, amount: str | None = None, key: str | None = None) -> Order:
    wanted = None if amount is None else euros(amount)
    return shop.payments.capture(CapturePayment(order_id=order.id, amount=wanted), idempotency_key=key)


def refund(shop: OpenShop, order: Order, amount: str | None = None, key: str | None = None) -> Order:
    wanted = None if amount is None else euros(amount)
    return shop.payments.refund(RefundPayment(order_id=order.id, amount=wanted), idempotency_key=key)


def sums(order: Order) -> tuple[int, int, int]:
    payment = order.payment
    return payment.authorised, payment.captured, payment.refunded


def test_money_is_taken_and_given_back_in_parts() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    assert sums(capture(shop, order, "5.00")) == (1250, 500, 0)
    assert sums(capture(shop, order, "2.50")) == (1250, 750, 0)
    partly = refund(shop, order, "3.00")
    assert (sums(partly), partly.payment.status) == ((1250, 750, 300), PaymentStatus.PARTIALLY_REFUNDED)
    after = refund(shop, order)
    assert (sums(after), after.payment.status) == ((1250, 750, 750), PaymentStatus.REFUNDED)
    (account,) = shop.provider.accounts().values()
    assert (account.captured, account.refunded) == (750, 750)


def test_without_an_amount_all_of_it_moves_and_the_order_goes_on() -> None:
    shop = a_stocked_shop()
    taken = capture(shop, placed(shop))
    assert (taken.payment.status, sums(taken)) == (PaymentStatus.CAPTURED, (1250, 1250, 0))
    shop.shipping.ship(ShipOrder(order_id=taken.id))
    back = refund(shop, taken)
    assert (back.status, sums(back)) == (OrderStatus.SHIPPED, (1250, 1250, 1250))


def test_what_is_left_goes_back_when_the_order_is_cancelled() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = refund(shop, placed(shop), "5.00")
    ended = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert (ended.payment.status, sums(ended)) == (PaymentStatus.REFUNDED, (1250, 1250, 1250))


def test_an_order_whose_money_is_all_given_back_is_cancelled_without_more_and_does_not_ship() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = refund(shop, placed(shop))
    with pytest.raises(TransitionRefused, match="pay for a shipment"):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    ended = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert (ended.status, sums(ended), available(shop)) == (OrderStatus.CANCELLED, (1250, 1250, 1250), 10)


def test_a_refund_in_flight_when_the_order_is_cancelled_is_followed_by_the_rest() -> None:
    shop = a_stocked_shop(Cut("gateway.refund.after", Fault.UNKNOWN), settings=AT_ONCE)
    order = refund(shop, placed(shop), "5.00")
    assert order.payment.is_unknown
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    after = shop.payments.settle(order.id)
    assert (after.status, sums(after)) == (OrderStatus.CANCELLED, (1250, 1250, 1250))


# -- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["12.51", "0.00"])
def test_only_what_is_held_is_captured_and_only_what_was_taken_refunded(amount: str) -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(AmountUnavailable, match=r"at most 12\.50 EUR can be captured"):
        capture(shop, order, amount)
    capture(shop, order)
    with pytest.raises(AmountUnavailable, match=r"at most 12\.50 EUR can be refunded"):
        refund(shop, order, amount)
    assert len(shop.provider.entries()) == 2


def test_money_of_another_currency_does_not_move() -> None:
    shop = a_stocked_shop()
    order, dollar = placed(shop), Money.of("1.00", "USD")
    with pytest.raises(CurrencyMismatch):
        shop.payments.capture(CapturePayment(order_id=order.id, amount=dollar))
    capture(shop, order)
    with pytest.raises(CurrencyMismatch):
        shop.payments.refund(RefundPayment(order_id=order.id, amount=dollar))


def test_what_was_not_taken_is_not_refunded() -> None:
    shop = a_stocked_shop()
    with pytest.raises(TransitionRefused, match="authorised; it cannot be refunded"):
        refund(shop, placed(shop))


def test_what_was_refunded_is_not_refunded_again() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = refund(shop, placed(shop))
    with pytest.raises(TransitionRefused, match="refunded; it cannot be refunded"):
        refund(shop, order)


def test_what_was_taken_is_not_taken_again() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    with pytest.raises(TransitionRefused, match="captured; it cannot be captured"):
        capture(shop, placed(shop))


def test_a_voided_payment_is_not_captured() -> None:
    shop = a_stocked_shop()
    order = shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    with pytest.raises(TransitionRefused, match="order is cancelled"):
        capture(shop, order)


def test_a_provider_that_moves_all_at_once_is_not_asked_for_parts() -> None:
    shop = a_stocked_shop(gateway=Once())
    order = capture(shop, placed(shop), "5.00")
    with pytest.raises(TransitionRefused, match="payment at once is captured; it cannot be captured again"):
        capture(shop, order)
    with pytest.raises(TransitionRefused, match="cannot be refunded in part"):
        refund(shop, order, "1.00")
    assert sums(refund(shop, order)) == (1250, 500, 500)


def test_an_outstanding_answer_blocks_another_move() -> None:
    shop = a_stocked_shop(Cut("gateway.refund.after", Fault.UNKNOWN), settings=AT_ONCE)
    order = refund(shop, placed(shop), "1.00")
    with pytest.raises(PaymentInFlight):
        refund(shop, order, "1.00")


def test_a_stale_unknown_or_malformed_wish_is_refused() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(VersionIsStale):
        shop.payments.capture(CapturePayment(order_id=order.id, expected_version=1))
    with pytest.raises(UnknownResource):
        shop.payments.refund(RefundPayment(order_id=uuid4()))
    with pytest.raises(InvalidRequest):
        CapturePayment(order_id=order.id, amount="12.50 EUR")  # type: ignore[arg-type]


# -- keys -----------------------------------------------------------------------------------------------------------


def test_a_repeated_refund_gives_back_once() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop)
    first, again = refund(shop, order, "5.00", "k"), refund(shop, order, "5.00", "k")
    assert (again, again.replayed, sums(again)) == (first, True, (1250, 1250, 500))
    with pytest.raises(KeyReused):
        refund(shop, order, "6.00", "k")
    assert sums(refund(shop, order, "5.00", "k2")) == (1250, 1250, 1000)


def test_a_declined_capture_says_so_each_time() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=CAPTURE_FAILS)
    codes = []
    for _ in range(2):
        with pytest.raises(MoneyNotMoved, match="capture_failed") as caught:
            capture(shop, order, key="k")
        codes.append(caught.value.replayed)
    assert codes == [False, True]
    assert len(shop.provider.entries()) == 2


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_refund_that_was_cut_off_is_resumed_by_its_repeat_or_waited_for(side: str) -> None:
    shop = a_stocked_shop(Cut(f"gateway.refund.{side}", Fault.RAISE), settings=AT_ONCE)
    order = placed(shop)
    with pytest.raises(PlannedFault):
        refund(shop, order, "5.00", "k")
    with pytest.raises(RequestInProgress):
        refund(shop, order, "5.00", "k")
    shop.clock.advance(timedelta(minutes=1))
    assert sums(refund(shop, order, "5.00", "k")) == (1250, 1250, 500)
    assert [entry.request.amount for entry in shop.provider.entries()][2:] == [euros("5.00")]


def test_a_refund_without_an_answer_is_settled_by_the_worker() -> None:
    shop = a_stocked_shop(Cut("gateway.refund.after", Fault.UNKNOWN), settings=AT_ONCE)
    order = placed(shop)
    assert refund(shop, order, key="k").payment.is_unknown
    assert refund(shop, order, key="k").payment.refund_pending == 1250
    shop.clock.advance(timedelta(minutes=1))
    assert shop.housekeeping.run_round().settled == 1
    assert refund(shop, order, key="k").payment.status is PaymentStatus.REFUNDED


def test_the_reason_is_on_record() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    shop.payments.capture(CapturePayment(order_id=order.id, amount=euros("1.00"), reason="deposit"))
    notes = [event.payload.get("note") for event in shop.ordering.history(order.id)]
    assert "deposit" in notes

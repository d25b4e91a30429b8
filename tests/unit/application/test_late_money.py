"""Orders that end while a provider's answer is outstanding, through the use cases."""

from datetime import timedelta
from uuid import UUID

import pytest

from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.steering import CancelOrder
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, WorkItemStatus
from ordercore.domain.order import CancelReason
from ordercore.domain.payment import AttemptKind
from ordercore.domain.work_item import WorkItemKind
from ordercore.testing.faults import Cut, Fault, FaultPlan, PlannedFault
from tests.support.cores import CAPTURE_TIMEOUT, DECLINED, TIMEOUT, OpenShop, a_shop, add, available, placed

SOON, LATER = timedelta(minutes=1), timedelta(days=1, hours=2)


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop, quantity=10)
    return shop


def cancelled(shop: OpenShop, order_id: object, key: str | None = None):  # type: ignore[no-untyped-def]
    return shop.ordering.cancel(CancelOrder(order_id=order_id), idempotency_key=key)  # type: ignore[arg-type]


def balance(shop: OpenShop) -> list[tuple[int, int, int]]:
    """What the provider holds, took and gave back, an authorisation a line."""
    return [(each.authorised, each.captured, each.refunded) for each in shop.provider.accounts().values()]


def test_a_cancelled_order_frees_its_stock_at_once_and_its_money_with_the_answer() -> None:
    shop = a_stocked_shop()
    order = cancelled(shop, placed(shop, token=TIMEOUT).id, key="stop")
    assert (order.status, order.payment.is_unknown, available(shop)) == (OrderStatus.CANCELLED, True, 10)
    assert balance(shop) == [(1250, 0, 0)]
    shop.clock.advance(SOON)
    assert shop.housekeeping.run_round().settled == 1
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    assert (balance(shop), available(shop)) == ([(0, 0, 0)], 10)
    again = cancelled(shop, order.id, key="stop")
    assert (again.version, again.replayed) == (after.version, True)
    assert shop.told.news == [("order_cancelled", str(order.number))]


def test_a_capture_that_turns_out_taken_is_refunded() -> None:
    shop = a_stocked_shop(settings=Settings(capture=CapturePolicy.CONFIRMED))
    order = cancelled(shop, placed(shop, token=CAPTURE_TIMEOUT).id)
    assert balance(shop) == [(1250, 1250, 0)]
    after = shop.payments.settle(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.REFUNDED)
    assert balance(shop) == [(1250, 1250, 1250)]


def test_a_decline_after_the_cancelling_ends_it() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.after", Fault.UNKNOWN))
    order = cancelled(shop, placed(shop, token=DECLINED).id, key="stop")
    after = shop.payments.settle(order.id)
    assert (after.cancel_reason, after.payment.status) == (CancelReason.BY_REQUEST, PaymentStatus.DECLINED)
    assert cancelled(shop, order.id, key="stop").payment.status is PaymentStatus.DECLINED
    assert available(shop) == 10


@pytest.mark.parametrize("point", ["gateway.authorise.after", "gateway.void.before", "gateway.void.after"])
def test_wherever_it_is_cut_the_money_goes_back_once(point: str) -> None:
    shop = a_stocked_shop(Cut(point, Fault.RAISE))
    with pytest.raises(PlannedFault):
        cancelled(shop, placed(shop).id)
    if shop.ordering.by_number(1).status is not OrderStatus.CANCELLED:
        cancelled(shop, shop.ordering.by_number(1).id)
    for _ in range(3):
        shop.clock.advance(timedelta(hours=1))
        shop.housekeeping.run_round()
    assert shop.ordering.by_number(1).payment.status is PaymentStatus.VOIDED
    assert [entry.request.kind for entry in shop.provider.entries()] == [AttemptKind.AUTHORISE, AttemptKind.VOID]


def test_an_old_attempt_is_not_made_anew_by_whoever_cancels() -> None:
    """Its key may be dead: the worker looks for it instead."""
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.RAISE))
    with pytest.raises(PlannedFault):
        placed(shop)
    shop.clock.advance(timedelta(days=2))
    assert cancelled(shop, shop.ordering.by_number(1).id).payment.open_attempt is not None
    assert shop.provider.entries() == ()


def test_an_order_whose_answer_stays_away_is_cancelled_a_day_later() -> None:
    forgets = [Cut("gateway.authorise.after", Fault.UNKNOWN, nth) for nth in range(1, 99)]
    forgets += [Cut("gateway.find.after", Fault.UNKNOWN, nth) for nth in range(1, 3)]
    shop = a_stocked_shop(*forgets)
    order = placed(shop)
    shop.clock.advance(timedelta(hours=2))
    assert (shop.housekeeping.run_round().expired, available(shop)) == (0, 9)
    shop.clock.advance(timedelta(hours=24))
    assert (shop.housekeeping.run_round().expired, available(shop)) == (1, 10)
    waiting = shop.ordering.get(order.id)
    assert (waiting.cancel_reason, waiting.payment.is_unknown) == (CancelReason.EXPIRED, True)
    for _ in range(3):
        shop.clock.advance(timedelta(hours=2))
        shop.housekeeping.run_round()
    after = shop.ordering.get(order.id)
    assert (after.status, after.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    assert (balance(shop), available(shop)) == ([(0, 0, 0)], 10)
    number = str(order.number)
    assert shop.told.news == [("order_cancelled", number), ("late_payment_returned", number)]
    (told,) = [event for event in shop.ordering.history(order.id) if event.type == "payment.came_late.v1"]
    item = shop.work_items.get(UUID(str(told.payload["work_item_id"])))
    assert (item.kind, item.amount, item.status) == (
        WorkItemKind.PAYMENT_CAME_LATE,
        order.total,
        WorkItemStatus.OPEN,
    )

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from ordercore.application.admins import AddAdmin, DeactivateAdmin
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import ShipOrder
from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
from ordercore.domain.errors import (
    AdminIsInactive,
    InvalidRequest,
    KeyReused,
    PaymentDeclined,
    PaymentInFlight,
    RequestInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus
from ordercore.domain.order import CancelReason, OnDecline, Order
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, PlannedFault
from tests.support.cores import (
    DECLINED,
    HOME,
    TIMEOUT,
    VISA,
    OpenShop,
    a_command,
    a_shop,
    add,
    available,
    placed,
    told_of,
)

AT_ONCE = Settings(capture=CapturePolicy.CONFIRMED)
ELSEWHERE = evolve(HOME, line1="Elsewhere 2")


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop, quantity=10)
    return shop


def a_waiting_order(shop: OpenShop) -> Order:
    """Declined, and waiting for another attempt."""
    with pytest.raises(PaymentDeclined) as caught:
        shop.ordering.place(a_command(token=DECLINED, on_decline=OnDecline.HOLD), idempotency_key="declined")
    return shop.ordering.get(caught.value.order_id)


# -- declines -----------------------------------------------------------------------------------------------------


def test_a_declined_payment_cancels_the_order_and_gives_its_stock_back() -> None:
    shop = a_stocked_shop()
    with pytest.raises(PaymentDeclined) as caught:
        placed(shop, token=DECLINED)
    refusal = caught.value
    assert (refusal.order_status, refusal.decline_code, refusal.replayed) == ("cancelled", "card_declined", False)
    order = shop.ordering.get(refusal.order_id)
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.PAYMENT_DECLINED)
    assert available(shop) == 10
    assert told_of(shop, order.id).kinds == ["cancelled"]


def test_a_declined_payment_can_leave_the_order_waiting_with_its_stock() -> None:
    shop = a_stocked_shop()
    order = a_waiting_order(shop)
    assert (order.status, order.payment.status) == (OrderStatus.PENDING, PaymentStatus.DECLINED)
    assert available(shop) == 9


def test_a_repeat_of_a_declined_order_is_declined_again_whatever_became_of_it() -> None:
    shop = a_stocked_shop()
    order = a_waiting_order(shop)
    shop.ordering.pay(PayOrder(order_id=order.id, token=VISA))
    with pytest.raises(PaymentDeclined) as caught:
        shop.ordering.place(a_command(token=DECLINED, on_decline=OnDecline.HOLD), idempotency_key="declined")
    assert (caught.value.replayed, caught.value.order_status) == (True, "confirmed")
    assert available(shop) == 9


# -- paying again -------------------------------------------------------------------------------------------------


def test_a_waiting_order_can_be_paid_again() -> None:
    shop = a_stocked_shop()
    order = a_waiting_order(shop)
    command = PayOrder(order_id=order.id, token=VISA, expected_version=order.version)
    paid = shop.ordering.pay(command, idempotency_key="again")
    assert (paid.status, paid.payment.status, len(paid.payment.attempts)) == (
        OrderStatus.CONFIRMED,
        PaymentStatus.AUTHORISED,
        2,
    )
    repeated = shop.ordering.pay(command, idempotency_key="again")
    assert repeated.replayed
    assert len(repeated.payment.attempts) == 2


def test_a_second_decline_is_told_and_told_again() -> None:
    shop = a_stocked_shop()
    order = a_waiting_order(shop)
    command = PayOrder(order_id=order.id, token=DECLINED)
    for replayed in (False, True):
        with pytest.raises(PaymentDeclined) as caught:
            shop.ordering.pay(command, idempotency_key="again")
        assert caught.value.replayed is replayed
    assert len(shop.ordering.get(order.id).payment.attempts) == 2


def test_only_a_waiting_order_can_be_paid() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(TransitionRefused):
        shop.ordering.pay(PayOrder(order_id=order.id, token=VISA), idempotency_key="key")
    with pytest.raises(TransitionRefused):  # and the key stayed free
        shop.ordering.pay(PayOrder(order_id=order.id, token=DECLINED), idempotency_key="key")


def test_an_unknown_attempt_blocks_another() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=TIMEOUT)
    assert order.payment.is_unknown
    with pytest.raises(PaymentInFlight):
        shop.ordering.pay(PayOrder(order_id=order.id, token=VISA))


# -- cancelling ---------------------------------------------------------------------------------------------------


def test_cancelling_gives_stock_back_and_voids_the_money() -> None:
    shop = a_stocked_shop()
    order = placed(shop, {"MUG": 2})
    command = CancelOrder(order_id=order.id, reason="changed their mind")
    cancelled = shop.ordering.cancel(command, idempotency_key="cancel")
    assert (cancelled.status, cancelled.cancel_reason) == (OrderStatus.CANCELLED, CancelReason.BY_REQUEST)
    assert (cancelled.payment.status, cancelled.payment.authorised) == (PaymentStatus.VOIDED, 0)
    assert available(shop) == 10
    assert [account.is_voided for account in shop.provider.accounts().values()] == [True]
    history = {event.type: event.payload for event in shop.ordering.history(order.id)}
    assert history["order.cancelled.v1"]["note"] == "changed their mind"
    repeated = shop.ordering.cancel(command, idempotency_key="cancel")
    assert (repeated.id, repeated.replayed) == (order.id, True)
    assert len(shop.provider.entries()) == 2


def test_cancelling_refunds_what_was_captured() -> None:
    shop = a_stocked_shop(settings=AT_ONCE)
    order = placed(shop)
    assert order.payment.status is PaymentStatus.CAPTURED
    cancelled = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert (cancelled.payment.status, cancelled.payment.refunded) == (PaymentStatus.REFUNDED, 1250)
    assert available(shop) == 10


def test_cancelling_an_unpaid_order_asks_no_provider() -> None:
    shop = a_stocked_shop()
    order = a_waiting_order(shop)
    asked = len(shop.provider.entries())
    command = CancelOrder(order_id=order.id)
    cancelled = shop.ordering.cancel(command, idempotency_key="cancel")
    assert (cancelled.status, cancelled.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.VOIDED)
    assert shop.ordering.cancel(command, idempotency_key="cancel").replayed
    assert len(shop.provider.entries()) == asked


def test_cancelling_an_order_of_nothing_due_leaves_it_recorded() -> None:
    shop = a_stocked_shop()
    add(shop, "GIFT", price="0")
    order = placed(shop, {"GIFT": 1})
    cancelled = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert (cancelled.status, cancelled.payment.status) == (OrderStatus.CANCELLED, PaymentStatus.CAPTURED)


def test_an_order_is_cancelled_once() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    with pytest.raises(TransitionRefused):
        shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert available(shop) == 10


def test_a_cancellation_whose_void_got_no_answer_is_finished_by_a_repeat() -> None:
    shop = a_stocked_shop(Cut("gateway.void.before", Fault.RAISE))
    order = placed(shop)
    command = CancelOrder(order_id=order.id)
    with pytest.raises(PlannedFault):
        shop.ordering.cancel(command, idempotency_key="cancel")
    with pytest.raises(RequestInProgress):
        shop.ordering.cancel(command, idempotency_key="cancel")
    shop.clock.advance(timedelta(minutes=1))
    cancelled = shop.ordering.cancel(command, idempotency_key="cancel")
    assert (cancelled.replayed, cancelled.payment.status) == (True, PaymentStatus.VOIDED)


# -- repeats after a crash ----------------------------------------------------------------------------------------


def test_a_repeat_while_the_first_runs_waits_and_then_says_so() -> None:
    shop = a_stocked_shop(Cut("gateway.authorise.before", Fault.RAISE))
    with pytest.raises(PlannedFault):
        shop.ordering.place(a_command(), idempotency_key="key")
    before = shop.clock.now()
    with pytest.raises(RequestInProgress):
        shop.ordering.place(a_command(), idempotency_key="key")
    assert shop.clock.now() - before >= shop.core.settings.request_wait
    assert available(shop) == 9


@pytest.mark.parametrize("point", ["gateway.authorise.before", "gateway.authorise.after"])
def test_a_repeat_resumes_what_a_crash_cut_off_and_never_charges_again(point: str) -> None:
    shop = a_stocked_shop(Cut(point, Fault.RAISE))
    with pytest.raises(PlannedFault):
        shop.ordering.place(a_command(), idempotency_key="key")
    shop.clock.advance(timedelta(minutes=1))
    order = shop.ordering.place(a_command(), idempotency_key="key")
    assert (order.status, order.replayed, available(shop)) == (OrderStatus.CONFIRMED, True, 9)
    assert len(shop.provider.entries()) == 1


def test_a_repeat_of_an_unknown_order_answers_at_once_that_it_is_unknown() -> None:
    shop = a_stocked_shop()
    first = shop.ordering.place(a_command(token=TIMEOUT), idempotency_key="key")
    again = shop.ordering.place(a_command(token=TIMEOUT), idempotency_key="key")
    assert (first.payment.is_unknown, again.payment.is_unknown, again.replayed) == (True, True, True)
    assert again.status is OrderStatus.PENDING


def test_a_repeat_that_is_resumed_without_an_answer_stays_unknown() -> None:
    shop = a_stocked_shop(
        Cut("gateway.authorise.before", Fault.RAISE), Cut("gateway.authorise.before", Fault.UNKNOWN, nth=2)
    )
    with pytest.raises(PlannedFault):
        shop.ordering.place(a_command(), idempotency_key="key")
    shop.clock.advance(timedelta(minutes=1))
    order = shop.ordering.place(a_command(), idempotency_key="key")
    assert (order.payment.is_unknown, order.status) == (True, OrderStatus.PENDING)


# -- steering -----------------------------------------------------------------------------------------------------


def test_the_address_of_an_unshipped_order_can_be_corrected() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    command = CorrectAddress(order_id=order.id, ship_to=ELSEWHERE, reason="moved", expected_version=order.version)
    corrected = shop.ordering.correct_address(command, idempotency_key="key")
    assert (corrected.ship_to, corrected.version) == (ELSEWHERE, order.version + 1)
    assert not corrected.facts
    again = shop.ordering.correct_address(command, idempotency_key="key")
    assert (again.replayed, again.version) == (True, corrected.version)


def test_the_address_of_a_shipped_order_cannot() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    with pytest.raises(TransitionRefused):
        shop.ordering.correct_address(CorrectAddress(order_id=order.id, ship_to=ELSEWHERE))


def test_an_order_can_be_handed_to_an_active_admin_only() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    ann, bob = (shop.admins.add(AddAdmin(username=name, password="long enough 12")) for name in ("ann", "bob"))
    shop.admins.deactivate(DeactivateAdmin(admin_id=bob.id))
    handed = shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=ann.id))
    assert handed.manager_id == ann.id
    same = shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=ann.id))
    assert same.version == handed.version
    with pytest.raises(AdminIsInactive):
        shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=bob.id))
    with pytest.raises(UnknownResource, match="admin user"):
        shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=IDS.new()))


CHANGES: list[Callable[..., Any]] = [
    lambda ordering, **which: ordering.pay(PayOrder(token=VISA, **which), idempotency_key="key"),
    lambda ordering, **which: ordering.cancel(CancelOrder(**which), idempotency_key="key"),
    lambda ordering, **which: ordering.correct_address(
        CorrectAddress(ship_to=ELSEWHERE, **which), idempotency_key="key"
    ),
    lambda ordering, **which: ordering.hand_over(HandOver(manager_id=IDS.new(), **which), idempotency_key="key"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_no_order_or_an_old_version_is_refused(change: Callable[..., Any]) -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(UnknownResource):
        change(shop.ordering, order_id=IDS.new())
    with pytest.raises(VersionIsStale):
        change(shop.ordering, order_id=order.id, expected_version=order.version + 1)
    assert shop.ordering.get(order.id).version == order.version


def test_a_key_of_another_change_is_refused() -> None:
    shop = a_stocked_shop()
    order = shop.ordering.place(a_command(), idempotency_key="key")
    with pytest.raises(KeyReused):
        shop.ordering.cancel(CancelOrder(order_id=order.id), idempotency_key="key")


# -- finding ------------------------------------------------------------------------------------------------------


def test_an_order_is_found_by_id_and_number() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    assert shop.ordering.get(order.id).number == order.number
    assert shop.ordering.by_number(order.number).id == order.id


def test_an_order_that_is_not_there_is_not_found() -> None:
    shop = a_stocked_shop()
    for find in (
        lambda: shop.ordering.get(IDS.new()),
        lambda: shop.ordering.by_number(404),
        lambda: shop.ordering.history(IDS.new()),
    ):
        with pytest.raises(UnknownResource):
            find()


def test_what_is_no_id_and_no_order_is_said_plainly() -> None:
    shop = a_shop()
    with pytest.raises(InvalidRequest, match="UUID"):
        shop.ordering.get("nope")  # type: ignore[arg-type] # what a program without types would hand in
    with pytest.raises(InvalidRequest, match="PlaceOrder"):
        shop.ordering.place(None)  # type: ignore[arg-type]

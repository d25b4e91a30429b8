from collections.abc import Callable
from datetime import timedelta

import pytest
from attrs import evolve

from ordercore.adapters.payments.fake import FakeGateway
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import RECORD_LABEL, LabelRecording, MarkDelivered, ShipOrder, advance_shipment
from ordercore.application.steering import CancelOrder, CorrectAddress
from ordercore.domain.errors import (
    KeyReused,
    LabelRefused,
    MoneyUnavailable,
    PaymentInFlight,
    RequestInProgress,
    ShipmentInProgress,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.order import Order
from ordercore.domain.payment import AnswerKind, AttemptKind, ProviderAnswer
from ordercore.domain.shipment import Label
from ordercore.ports.carrier import LabelAnswer, LabelAnswerKind
from ordercore.ports.gateway import ProviderCall
from ordercore.testing.builders import IDS
from ordercore.testing.faults import Cut, Fault, FaultPlan, FixedClock, PlannedFault
from tests.support.cores import (
    CAPTURE_FAILS,
    CAPTURE_TIMEOUT,
    HOME,
    TIMEOUT,
    VISA,
    OpenShop,
    a_shop,
    add,
    placed,
)

NOWHERE = evolve(HOME, country="AQ")
SILENCE = evolve(HOME, line1="TIMEOUT")


def a_stocked_shop(*cuts: Cut, settings: Settings | None = None) -> OpenShop:
    shop = a_shop(plan=FaultPlan(*cuts), settings=settings)
    add(shop, quantity=10)
    return shop


def stock(shop: OpenShop) -> tuple[int, int]:
    """On hand and reserved."""
    mug = shop.catalogue.by_sku("MUG")
    return mug.on_hand, mug.reserved


def now(shop: OpenShop, order: Order) -> Order:
    return shop.ordering.get(order.id)


# -- all four steps -----------------------------------------------------------------------------------------------


def test_shipping_captures_the_money_buys_a_label_and_consumes_stock() -> None:
    shop = a_stocked_shop()
    order = placed(shop, {"MUG": 3})
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id, reason="by hand", expected_version=order.version))
    assert shipment.status is ShipmentStatus.LABELLED
    assert shipment.label is not None
    assert [line.quantity for line in shipment.lines] == [3]
    assert not shipment.facts
    shipped = now(shop, order)
    assert (shipped.status, shipped.payment.status) == (OrderStatus.SHIPPED, PaymentStatus.CAPTURED)
    assert stock(shop) == (7, 0)
    assert shop.told.news[-1] == ("order_shipped", str(order.number))
    assert [event.payload.get("note") for event in shop.ordering.history(order.id)][3:5] == ["by hand", "by hand"]


def test_money_that_was_captured_before_is_not_captured_again() -> None:
    shop = a_stocked_shop(settings=Settings(capture=CapturePolicy.CONFIRMED))
    order = placed(shop)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    assert len(shop.provider.entries()) == 2


def test_two_orders_ship_from_one_stock() -> None:
    shop = a_stocked_shop()
    for order in [placed(shop, {"MUG": 4}), placed(shop, {"MUG": 2})]:
        shop.shipping.ship(ShipOrder(order_id=order.id))
    assert stock(shop) == (4, 0)


def test_shipments_are_found_by_id_and_order() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    assert list(shop.shipping.of_order(order.id)) == []
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id))
    assert [one.id for one in shop.shipping.of_order(order.id)] == [shipment.id]
    assert shop.shipping.get(shipment.id).label == shipment.label
    with pytest.raises(UnknownResource, match="shipment"):
        shop.shipping.get(IDS.new())
    with pytest.raises(UnknownResource, match="order"):
        shop.shipping.of_order(IDS.new())


def test_what_cannot_ship_is_refused() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(UnknownResource):
        shop.shipping.ship(ShipOrder(order_id=IDS.new()))
    with pytest.raises(VersionIsStale):
        shop.shipping.ship(ShipOrder(order_id=order.id, expected_version=99))
    with pytest.raises(TransitionRefused):
        shop.shipping.ship(ShipOrder(order_id=placed(shop, token=TIMEOUT).id))
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    with pytest.raises(TransitionRefused):
        shop.shipping.ship(ShipOrder(order_id=order.id))


# -- without money or label ---------------------------------------------------------------------------------------


def test_without_money_there_is_no_label() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=CAPTURE_FAILS)
    command = ShipOrder(order_id=order.id)
    for replayed in (False, True):
        with pytest.raises(MoneyUnavailable) as caught:
            shop.shipping.ship(command, idempotency_key="ship")
        assert (caught.value.decline_code, caught.value.replayed) == ("capture_failed", replayed)
    assert (now(shop, order).status, stock(shop)) == (OrderStatus.CONFIRMED, (10, 1))
    assert [one.status for one in shop.shipping.of_order(order.id)] == [ShipmentStatus.FAILED]
    cancelled = shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert cancelled.payment.status is PaymentStatus.VOIDED


def test_a_refused_label_frees_the_pieces_for_another_try() -> None:
    shop = a_stocked_shop()
    order = placed(shop, ship_to=NOWHERE)
    for replayed in (False, True):
        with pytest.raises(LabelRefused, match="AQ") as caught:
            shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
        assert caught.value.replayed is replayed
    assert (now(shop, order).status, stock(shop)) == (OrderStatus.CONFIRMED, (10, 1))
    shop.ordering.correct_address(CorrectAddress(order_id=order.id, ship_to=HOME))
    assert shop.shipping.ship(ShipOrder(order_id=order.id)).status is ShipmentStatus.LABELLED
    assert [one.status for one in shop.shipping.of_order(order.id)] == [ShipmentStatus.FAILED, ShipmentStatus.LABELLED]


def test_a_refusal_without_a_reason_is_told_as_one() -> None:
    shop = a_stocked_shop(Cut("carrier.label.before", Fault.RAISE))
    order = placed(shop)
    with pytest.raises(PlannedFault):
        shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    (shipment,) = shop.shipping.of_order(order.id)
    refusal = a_recording(shop, order, LabelAnswer(kind=LabelAnswerKind.REFUSED))
    shop.core.commits.run(RECORD_LABEL, [refusal])
    assert shop.shipping.get(shipment.id).failure == "refused"


# -- repeats ------------------------------------------------------------------------------------------------------


def test_a_repeat_ships_once() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    first = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    again = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    assert (again.id, again.replayed, first.replayed) == (first.id, True, False)
    with pytest.raises(KeyReused):
        shop.shipping.ship(ShipOrder(order_id=order.id, reason="other"), idempotency_key="ship")


@pytest.mark.parametrize(
    "point", ["gateway.capture.before", "gateway.capture.after", "carrier.label.before", "carrier.label.after"]
)
def test_what_a_crash_cut_off_is_finished_by_a_repeat(point: str) -> None:
    shop = a_stocked_shop(Cut(point, Fault.RAISE))
    order = placed(shop)
    command = ShipOrder(order_id=order.id)
    with pytest.raises(PlannedFault):
        shop.shipping.ship(command, idempotency_key="ship")
    with pytest.raises(RequestInProgress):
        shop.shipping.ship(command, idempotency_key="ship")
    shop.clock.advance(timedelta(minutes=1))
    shipment = shop.shipping.ship(command, idempotency_key="ship")
    assert (shipment.status, shipment.replayed) == (ShipmentStatus.LABELLED, True)
    assert stock(shop) == (9, 0)
    assert len(shop.provider.entries()) == 2


def test_a_repeat_of_a_shipment_whose_money_is_unknown_answers_that_it_is_pending() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=CAPTURE_TIMEOUT)
    for replayed in (False, True):
        shipment = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
        assert (shipment.status, shipment.replayed) == (ShipmentStatus.PENDING, replayed)
    assert now(shop, order).payment.is_unknown


# -- answers that never came --------------------------------------------------------------------------------------


def test_an_unknown_label_is_bought_by_the_worker_with_the_same_key() -> None:
    shop = a_stocked_shop()
    order = placed(shop, ship_to=SILENCE)
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id))
    assert shipment.status is ShipmentStatus.PENDING
    assert stock(shop) == (10, 1)
    assert not shop.housekeeping.run_round().did_anything
    shop.clock.advance(timedelta(minutes=1))
    assert shop.housekeeping.run_round().settled == 1
    assert shop.shipping.get(shipment.id).status is ShipmentStatus.LABELLED
    assert stock(shop) == (9, 0)


def test_an_unknown_capture_is_settled_by_the_worker_and_then_shipped() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=CAPTURE_TIMEOUT)
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.clock.advance(timedelta(minutes=1))
    assert shop.housekeeping.run_round().settled == 1  # the shipment's work is its money's too
    assert shop.shipping.get(shipment.id).status is ShipmentStatus.LABELLED
    assert now(shop, order).payment.status is PaymentStatus.CAPTURED


def test_a_repeat_asks_again_for_an_unknown_capture_once_patience_is_over() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=CAPTURE_TIMEOUT)
    shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    shop.clock.advance(timedelta(minutes=1))
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    assert shipment.status is ShipmentStatus.LABELLED


def test_while_a_shipment_is_made_its_order_can_neither_ship_nor_end() -> None:
    shop = a_stocked_shop()
    order = placed(shop, ship_to=SILENCE)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    with pytest.raises(ShipmentInProgress):
        shop.ordering.cancel(CancelOrder(order_id=order.id))
    with pytest.raises(ShipmentInProgress):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    with pytest.raises(ShipmentInProgress):
        shop.ordering.correct_address(CorrectAddress(order_id=order.id, ship_to=HOME))


def test_while_the_money_is_unsettled_nothing_else_begins() -> None:
    shop = a_stocked_shop(settings=Settings(capture=CapturePolicy.CONFIRMED))
    order = placed(shop, token=CAPTURE_TIMEOUT)
    with pytest.raises(PaymentInFlight):
        shop.shipping.ship(ShipOrder(order_id=order.id))


# -- recording ----------------------------------------------------------------------------------------------------


def a_recording(shop: OpenShop, order: Order, answer: LabelAnswer | None = None) -> LabelRecording:
    label = Label(carrier="fake", tracking_number="T1", document=b"", media_type="text/plain")
    return LabelRecording(
        order_id=order.id,
        shipment_id=shop.shipping.of_order(order.id)[0].id,
        answer=answer or LabelAnswer(kind=LabelAnswerKind.MADE, label=label),
        at=shop.clock.now(),
        actor_id=shop.actor.id,
    )


def test_a_label_recorded_twice_in_one_transaction_ships_once() -> None:
    shop = a_stocked_shop()
    order = placed(shop, {"MUG": 2}, ship_to=SILENCE)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    recording = a_recording(shop, order)
    with shop.core.store.begin() as work:
        RECORD_LABEL.body(work, [recording, recording])
    for _ in range(2):
        assert stock(shop) == (8, 0)
        shop.core.commits.run(RECORD_LABEL, [recording])
    shipped = [event for event in shop.ordering.history(order.id) if event.type == "order.shipped.v1"]
    assert len(shipped) == 1


def test_a_shipment_that_somebody_else_finished_meanwhile_stays_as_it_is() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id))
    assert advance_shipment(shop.core, shipment.id, shop.actor.id) == shop.shipping.get(shipment.id)
    assert stock(shop) == (9, 0)


class AskedTwice(FakeGateway):
    """A provider that declines the first capture; somebody else hears that word first and acts on it."""

    meanwhile: Callable[[], object] | None = None
    declined: str | None = None

    def call(self, request: ProviderCall) -> ProviderAnswer:
        meanwhile, self.meanwhile = self.meanwhile, None
        if request.kind is AttemptKind.CAPTURE and meanwhile is not None:
            self.declined = request.key
            meanwhile()
        if request.key == self.declined:
            return ProviderAnswer(kind=AnswerKind.DECLINED, decline_code="try_later")
        return super().call(request)


def test_no_label_is_bought_for_a_shipment_that_failed_while_the_provider_thought() -> None:
    plan = FaultPlan()
    shop = a_shop(plan=plan, gateway=(provider := AskedTwice()))
    add(shop, quantity=10)
    order = placed(shop)

    def fail_and_ship_again() -> None:
        (shipment,) = shop.shipping.of_order(order.id)
        advance_shipment(shop.core, shipment.id, shop.actor.id)
        shop.shipping.ship(ShipOrder(order_id=order.id))

    provider.meanwhile = fail_and_ship_again
    with pytest.raises(MoneyUnavailable):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    assert now(shop, order).status is OrderStatus.SHIPPED
    assert plan.passes["carrier.label.before"] == 1


class SlowToCapture(FakeGateway):
    """A provider that takes nearly all of its time for a capture."""

    clock: FixedClock

    def call(self, request: ProviderCall) -> ProviderAnswer:
        if request.kind is AttemptKind.CAPTURE:
            self.clock.advance(timedelta(seconds=9.5))
        return super().call(request)


def test_a_label_is_left_to_the_worker_where_the_capture_took_the_time() -> None:
    plan = FaultPlan()
    shop = a_shop(plan=plan, gateway=(provider := SlowToCapture()))
    provider.clock = shop.clock
    add(shop, quantity=10)
    order = placed(shop)
    began = shop.clock.now()
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    assert shop.clock.now() - began < shop.core.gateway.traits.deadline
    assert (shipment.status, plan.passes.get("carrier.label.before")) == (ShipmentStatus.PENDING, None)
    assert now(shop, order).payment.status is PaymentStatus.CAPTURED
    shop.clock.advance(timedelta(seconds=1))
    again = shop.shipping.ship(ShipOrder(order_id=order.id), idempotency_key="ship")
    assert (again.id, again.status, again.replayed) == (shipment.id, ShipmentStatus.PENDING, True)
    shop.clock.advance(timedelta(seconds=30))
    assert shop.housekeeping.run_round().settled == 1
    assert now(shop, order).status is OrderStatus.SHIPPED


# -- delivering ---------------------------------------------------------------------------------------------------


def test_a_shipped_order_is_delivered_once() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    with pytest.raises(TransitionRefused):
        shop.shipping.deliver(MarkDelivered(order_id=order.id))
    shipment = shop.shipping.ship(ShipOrder(order_id=order.id))
    command = MarkDelivered(order_id=order.id, reason="signed for")
    delivered = shop.shipping.deliver(command, idempotency_key="deliver")
    assert (delivered.status, delivered.facts) == (OrderStatus.DELIVERED, ())
    assert shop.shipping.get(shipment.id).status is ShipmentStatus.DELIVERED
    assert shop.shipping.deliver(command, idempotency_key="deliver").replayed
    with pytest.raises(TransitionRefused):
        shop.shipping.deliver(MarkDelivered(order_id=order.id))


def test_failed_shipments_are_not_delivered_with_the_order() -> None:
    shop = a_stocked_shop()
    order = placed(shop, token=VISA, ship_to=NOWHERE)
    with pytest.raises(LabelRefused):
        shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.ordering.correct_address(CorrectAddress(order_id=order.id, ship_to=HOME))
    shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.shipping.deliver(MarkDelivered(order_id=order.id))
    assert [one.status for one in shop.shipping.of_order(order.id)] == [ShipmentStatus.FAILED, ShipmentStatus.DELIVERED]


def test_the_customer_is_told_of_a_delivery() -> None:
    shop = a_stocked_shop()
    order = placed(shop)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.shipping.deliver(MarkDelivered(order_id=order.id))
    assert shop.told.news[-1] == ("order_delivered", str(order.number))

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from attrs import evolve

from ordercore.application.customers import EditCustomer
from ordercore.application.importing import ImportedOrder, PaymentMode
from ordercore.application.listening import HandlerPublisher
from ordercore.application.notices import HANDLER, TOLD, Notices
from ordercore.application.relaying import envelope_of
from ordercore.application.settings import CapturePolicy, Settings
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import NotificationFailed, PaymentDeclined
from ordercore.domain.money import Money
from ordercore.domain.order import CancelReason, OnDecline
from ordercore.domain.subscription import SubscriptionKind
from ordercore.ports.notifier import Message, MessageKind
from ordercore.ports.publisher import DeliveryKind, Envelope, Target
from tests.support.cores import ANN, DECLINED, HOME, VISA, OpenShop, Told, a_command, a_shop, add, placed, told_of


@pytest.fixture
def shop() -> OpenShop:
    shop = a_shop()
    add(shop)
    return shop


def event_of(shop: OpenShop, order_id: UUID, name: str = "order.confirmed.v1") -> Envelope:
    return next(envelope_of(event) for event in shop.ordering.history(order_id) if event.type == name)


def test_every_kind_of_message_has_an_event() -> None:
    assert set(TOLD.values()) == set(MessageKind)


def test_an_orders_life_is_told_step_by_step(shop: OpenShop) -> None:
    order = placed(shop, {"MUG": 2})
    shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.shipping.deliver(MarkDelivered(order_id=order.id))
    told = told_of(shop, order.id)
    assert told.kinds == ["confirmation", "shipped", "delivered"]
    (shipment,) = shop.shipping.of_order(order.id)
    assert [message.shipment for message in told.messages] == [None, shipment, shipment]
    assert {message.amount for message in told.messages} == {None}
    assert {message.to for message in told.messages} == {ANN}
    assert {message.order for message in told.messages} == {shop.ordering.get(order.id)}


def test_a_refund_is_told_with_its_amount_and_a_void_is_not() -> None:
    shop = a_shop(settings=Settings(capture=CapturePolicy.CONFIRMED))
    add(shop)
    captured = placed(shop, {"MUG": 2})
    shop.ordering.cancel(CancelOrder(order_id=captured.id))
    told = told_of(shop, captured.id)
    assert told.kinds == ["confirmation", "cancelled", "refunded"]
    assert [message.amount for message in told.messages] == [None, None, Money.of("25.00", "EUR")]


def test_money_that_was_only_held_is_no_refund(shop: OpenShop) -> None:
    order = placed(shop)
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert told_of(shop, order.id).kinds == ["confirmation", "cancelled"]


def test_an_order_that_nobody_paid_in_time_is_told_so(shop: OpenShop) -> None:
    with pytest.raises(PaymentDeclined) as declined:
        placed(shop, token=DECLINED, on_decline=OnDecline.HOLD)
    shop.clock.advance(timedelta(hours=2))
    shop.housekeeping.run_round()
    (message,) = told_of(shop, declined.value.order_id).messages
    assert (message.kind, message.order.cancel_reason) == (MessageKind.CANCELLED, CancelReason.EXPIRED)


@pytest.mark.parametrize("token", [VISA, DECLINED])
@pytest.mark.parametrize("notify", [True, False])
def test_an_import_tells_of_its_payments_only_when_asked_to_and_of_later_steps_always(
    shop: OpenShop, token: str, notify: bool
) -> None:
    line = ImportedOrder(key="A-1", order=a_command(token=token), placed_at=shop.clock.now())
    shop.importing.orders([line], payments=PaymentMode.CHARGE, notify=notify)
    order = shop.ordering.by_number(1)
    first = ["confirmation" if token == VISA else "cancelled"] if notify else []
    assert told_of(shop, order.id).kinds == first
    if token == VISA:
        shop.ordering.cancel(CancelOrder(order_id=order.id))
        assert told_of(shop, order.id).kinds == [*first, "cancelled"]


def test_a_message_is_named_after_its_event_every_time(shop: OpenShop) -> None:
    order = placed(shop)
    first, second = told_of(shop, order.id).messages, told_of(shop, order.id).messages
    assert first == second
    assert first[0].id == f"order/{order.id}/3" == event_of(shop, order.id).id
    assert first[0].occurred_at == event_of(shop, order.id).occurred_at


def test_the_language_is_the_customers_at_the_time_of_telling(shop: OpenShop) -> None:
    order = placed(shop)
    assert told_of(shop, order.id).messages[0].locale == "en"
    shop.customers.edit(EditCustomer(customer_id=order.customer_id, contact=ANN, address=HOME, locale="de-AT"))
    assert told_of(shop, order.id).messages[0].locale == "de-AT"


def test_an_order_that_is_gone_is_told_nothing(shop: OpenShop) -> None:
    told = Told()
    event = evolve(event_of(shop, placed(shop).id), stream_id=uuid4())
    Notices(shop.core.store, told).tell(event)
    assert not told.messages


def test_a_delivery_whose_parcel_nobody_knows_is_told_without_it(shop: OpenShop) -> None:
    order = placed(shop)
    shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.shipping.deliver(MarkDelivered(order_id=order.id))
    event = event_of(shop, order.id, "order.delivered.v1")
    told = Told()
    Notices(shop.core.store, told).tell(evolve(event, payload={**event.payload, "shipment_id": str(uuid4())}))
    assert [message.shipment for message in told.messages] == [None]


# -- as a handler ---------------------------------------------------------------------------------------------------


class Fails:
    """A notifier that takes nothing."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def send(self, message: Message) -> None:  # noqa: ARG002 - as the port has it
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "kind", "detail"),
    [
        (NotificationFailed(reason="the mail server answered 450"), DeliveryKind.RETRY, "the mail server answered 450"),
        (
            NotificationFailed(reason="the mail server answered 550", is_retryable=False),
            DeliveryKind.REFUSED,
            "the mail server answered 550",
        ),
        (RuntimeError("ada@example.com"), DeliveryKind.RETRY, "the handler raised RuntimeError"),
    ],
)
def test_a_failure_is_put_off_or_given_up_as_it_says(
    shop: OpenShop, failure: Exception, kind: DeliveryKind, detail: str
) -> None:
    notices = Notices(shop.core.store, Fails(failure))
    target = Target(subscription_id=uuid4(), kind=SubscriptionKind.HANDLER, address=HANDLER)
    answer = HandlerPublisher({HANDLER: notices.handler()}).publish(target, event_of(shop, placed(shop).id))
    assert (answer.kind, answer.detail) == (kind, detail)


def test_the_handler_hears_only_of_what_is_told() -> None:
    assert set(Notices(a_shop().core.store, Told()).handler().types) == set(TOLD)

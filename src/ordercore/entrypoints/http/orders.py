"""Orders over HTTP: place, quote, pay, cancel, ship, deliver, hand over, correct, find."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen
from flask import Response

from ordercore import OrderFilter
from ordercore.application.placing import PlaceOrder
from ordercore.application.pricing import Quote
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
from ordercore.domain.errors import (
    AdminIsInactive,
    AlreadyExists,
    AmountTooLarge,
    CurrencyMismatch,
    InvalidRequest,
    KeyReused,
    LabelRefused,
    MoneyUnavailable,
    OrderCoreError,
    OutOfStock,
    PaymentDeclined,
    PaymentInFlight,
    PriceChanged,
    RequestInProgress,
    ShipmentInProgress,
    TransitionRefused,
    UnknownCustomer,
    UnknownProduct,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.limits import MAX_ORDERS_PER_BATCH
from ordercore.domain.order import Order
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, is_unsettled, listed, may_see, order_id, ordered
from ordercore.entrypoints.http.operations import Asked, Capability, Key
from ordercore.entrypoints.http.problems import document_of, status_of
from ordercore.entrypoints.payloads import KeyedOrder, Payload, keyed_order_from

orders = Capability("orders")

KEYED = (KeyReused, RequestInProgress)
PRICED = (UnknownProduct, OutOfStock, PriceChanged, CurrencyMismatch, AmountTooLarge)
STEERED = (UnknownResource, VersionIsStale, TransitionRefused)


def _entries(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not 1 <= len(value) <= MAX_ORDERS_PER_BATCH:
        raise InvalidRequest.of("/orders", f"must have 1 to {MAX_ORDERS_PER_BATCH} entries", "wrong_length")


_entries.schema = {"minItems": 1, "maxItems": MAX_ORDERS_PER_BATCH}  # type: ignore[attr-defined] # for OpenAPI


@frozen(kw_only=True, slots=False)
class Batch:
    """Many orders at once, each with its own `idempotency_key` beside the fields of a single order."""

    orders: tuple[Payload, ...] = field(validator=_entries, metadata={"entry": KeyedOrder})


@orders.operation(
    "POST",
    "/orders",
    body=PlaceOrder,
    answer=shapes.OrderShape,
    status=201,
    also=(202,),
    key=Key.REQUIRED,
    refusals=(*PRICED, *KEYED, AlreadyExists, UnknownCustomer, PaymentDeclined),
)
def place_order(asked: Asked[PlaceOrder]) -> Response:
    """Place and pay an order. 202 says that the payment's answer is outstanding: look at Location later."""
    shop = asked.shop
    order = shop.ordering.place(asked.command, idempotency_key=asked.key)
    return ordered(shop, order, created=True)


@orders.operation("POST", "/orders/batch", body=Batch, answer=shapes.BatchOutcomesShape)
def place_orders(asked: Asked[Batch]) -> Response:
    """Place many orders in one go; each has its own outcome, in their order, and its own idempotency key."""
    outcomes: list[tuple[str, PlaceOrder] | OrderCoreError] = []
    for entry in asked.command.orders:
        try:
            outcomes.append(keyed_order_from(entry))
        except InvalidRequest as refusal:
            outcomes.append(refusal)
    shop = asked.shop
    readable = [each for each in outcomes if isinstance(each, tuple)]
    placed = iter(
        shop.ordering.place_many([command for _, command in readable], idempotency_keys=[key for key, _ in readable])
    )
    entries = [_entry(each if isinstance(each, OrderCoreError) else next(placed), asked) for each in outcomes]
    return answer({"outcomes": entries})


@orders.operation("GET", "/orders", which=OrderFilter, answer=shapes.OrderRowShape, listed=True)
def list_orders(asked: Asked[None]) -> Response:
    """Orders, newest first."""
    return listed(asked.shop.ordering.list(asked.which, asked.page), rendering.order_row)


@orders.operation("GET", "/orders/<one:order>", answer=shapes.OrderShape, refusals=(UnknownResource,))
def get_order(asked: Asked[None], order: str) -> Response:
    """One order, by id or number."""
    shop = asked.shop
    return answer_now(asked, shop.ordering.get(order_id(shop, order)))


@orders.operation("POST", "/quotes", body=Quote, answer=shapes.QuoteAnswerShape, refusals=PRICED)
def quote(asked: Asked[Quote]) -> Response:
    """Price and check an order; nothing is written or reserved."""
    return answer(rendering.quote(asked.shop.ordering.quote(asked.command)))


@orders.operation(
    "POST",
    "/orders/<order>/pay",
    body=PayOrder,
    named=("order_id",),
    answer=shapes.OrderShape,
    also=(202,),
    key=Key.REQUIRED,
    refusals=(*STEERED, *KEYED, PaymentInFlight, PaymentDeclined),
)
def pay_order(asked: Asked[PayOrder], order: str) -> Response:
    """Try again to pay an order that waits after a decline."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return ordered(shop, shop.ordering.pay(command, idempotency_key=asked.key))


@orders.operation(
    "POST",
    "/orders/<order>/cancel",
    body=CancelOrder,
    named=("order_id",),
    answer=shapes.OrderShape,
    also=(202,),
    key=Key.REQUIRED,
    refusals=(*STEERED, *KEYED, ShipmentInProgress),
)
def cancel_order(asked: Asked[CancelOrder], order: str) -> Response:
    """Cancel an order: stock released, money voided or refunded."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return ordered(shop, shop.ordering.cancel(command, idempotency_key=asked.key))


@orders.operation(
    "POST",
    "/orders/<order>/ship",
    body=ShipOrder,
    named=("order_id",),
    answer=shapes.ShipmentShape,
    status=201,
    also=(202,),
    key=Key.REQUIRED,
    refusals=(*STEERED, *KEYED, PaymentInFlight, ShipmentInProgress, MoneyUnavailable, LabelRefused),
)
def ship_order(asked: Asked[ShipOrder], order: str) -> Response:
    """Ship an order whole. 202 says that money or label are outstanding: look at Location later."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    shipment = shop.shipping.ship(command, idempotency_key=asked.key)
    return answer(
        rendering.shipment(shipment),
        202 if shipment.status is ShipmentStatus.PENDING else 201,
        version=shipment.version,
        at=f"/v1/shipments/{shipment.id}",
        replayed=shipment.replayed,
    )


@orders.operation(
    "POST",
    "/orders/<order>/deliver",
    body=MarkDelivered,
    named=("order_id",),
    answer=shapes.OrderShape,
    key=Key.OPTIONAL,
    refusals=(*STEERED, *KEYED),
)
def deliver_order(asked: Asked[MarkDelivered], order: str) -> Response:
    """Mark the shipped order as delivered."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return answer_now(asked, shop.shipping.deliver(command, idempotency_key=asked.key))


@orders.operation(
    "POST",
    "/orders/<order>/hand-over",
    body=HandOver,
    named=("order_id",),
    answer=shapes.OrderShape,
    key=Key.OPTIONAL,
    refusals=(*STEERED, *KEYED, AdminIsInactive),
)
def hand_over_order(asked: Asked[HandOver], order: str) -> Response:
    """Give an open order to another active admin user."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return answer_now(asked, shop.ordering.hand_over(command, idempotency_key=asked.key))


@orders.operation(
    "PUT",
    "/orders/<order>/ship-to",
    body=CorrectAddress,
    named=("order_id",),
    answer=shapes.OrderShape,
    key=Key.OPTIONAL,
    refusals=(*STEERED, *KEYED, ShipmentInProgress),
)
def correct_address(asked: Asked[CorrectAddress], order: str) -> Response:
    """Correct the shipping address of an order that has not shipped."""
    shop = asked.shop
    command = evolve(asked.command, order_id=order_id(shop, order))
    return answer_now(asked, shop.ordering.correct_address(command, idempotency_key=asked.key))


@orders.operation("GET", "/orders/<order>/events", answer=shapes.EventShape, listed=True, refusals=(UnknownResource,))
def list_order_events(asked: Asked[None], order: str) -> Response:
    """Everything that happened to an order, in order, on one page."""
    shop = asked.shop
    history = shop.ordering.history(order_id(shop, order))
    return answer({"data": [rendering.event(row) for row in history], "next": None})


@orders.operation(
    "GET", "/orders/<order>/shipments", answer=shapes.ShipmentShape, listed=True, refusals=(UnknownResource,)
)
def list_order_shipments(asked: Asked[None], order: str) -> Response:
    """The order's shipments, oldest first, on one page."""
    shop = asked.shop
    shipments = shop.shipping.of_order(order_id(shop, order))
    return answer({"data": [rendering.shipment(each) for each in shipments], "next": None})


def answer_now(asked: Asked[Any], order: Order) -> Response:
    """The order as it stands; whatever its payment waits for was not asked for here."""
    shape = rendering.order(order, personal=may_see(asked.shop, order))
    return answer(shape, version=order.version, replayed=order.replayed)


def _entry(outcome: Order | OrderCoreError, asked: Asked[Batch]) -> shapes.BatchEntryShape:
    if isinstance(outcome, OrderCoreError):
        return {
            "status": status_of(outcome),
            "replayed": outcome.replayed,
            "order": None,
            "problem": document_of(outcome),
        }
    return {
        "status": 202 if is_unsettled(outcome) else 201,
        "replayed": outcome.replayed,
        "order": rendering.order(outcome, personal=may_see(asked.shop, outcome)),
        "problem": None,
    }

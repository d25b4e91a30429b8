"""The only place for the statements behind lists, and for what their rows become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Table, func, literal_column, or_, select, type_coerce
from sqlalchemy.types import NullType

from ordercore.adapters.sql.pages import refuse_unsearchable
from ordercore.adapters.sql.tables import events, orders, payments, products, shipments, stock_movements
from ordercore.domain.errors import InvalidRequest
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus
from ordercore.domain.money import Money
from ordercore.domain.payment import PaymentMethod
from ordercore.domain.product import Movement, MovementKind
from ordercore.ports.queries import (
    EventRow,
    OrderFilter,
    OrderRow,
    PaymentFilter,
    PaymentRow,
    ProductFilter,
    ShipmentRow,
)


def raw(table: Table) -> Select[Any]:
    """All columns of a table in its order, as the driver hands them out: rows for `mapping`."""
    columns: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in table.columns]
    return select(*columns)


# -- orders and payments ----------------------------------------------------------------------------------------

_ORDERS = select(
    orders.c.id,
    orders.c.number,
    orders.c.status,
    orders.c.customer_id,
    orders.c.manager_id,
    orders.c.ordered_at,
    orders.c.total_minor,
    orders.c.currency,
    orders.c.item_count,
    payments.c.status.label("payment_status"),
    payments.c.is_unknown,
    orders.c.external_reference,
    orders.c.version,
).join_from(orders, payments, payments.c.order_id == orders.c.id)


def narrowed_orders(which: OrderFilter) -> Select[Any]:
    refuse_unsearchable("/external_reference", which.external_reference)
    _refuse_naive("/since", which.since)
    _refuse_naive("/before", which.before)
    statement = _ORDERS
    if which.status is not None:
        statement = statement.where(orders.c.status == which.status.value)
    if which.customer_id is not None:
        statement = statement.where(orders.c.customer_id == which.customer_id)
    if which.manager_id is not None:
        statement = statement.where(orders.c.manager_id == which.manager_id)
    if which.external_reference is not None:
        statement = statement.where(orders.c.external_reference == which.external_reference)
    if which.since is not None:
        statement = statement.where(orders.c.ordered_at >= which.since)
    if which.before is not None:
        statement = statement.where(orders.c.ordered_at < which.before)
    return statement


def _refuse_naive(pointer: str, moment: datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        hint = "must be a time with a zone such as 2017-01-01T11:53:26Z"
        raise InvalidRequest.of(pointer, hint, "naive_time")


def order_row(row: Sequence[Any]) -> OrderRow:
    (
        id,
        number,
        status,
        customer_id,
        manager_id,
        ordered_at,
        total_minor,
        currency,
        item_count,
        payment_status,
        is_unknown,
        external_reference,
        version,
    ) = row
    return OrderRow(
        id=id,
        number=number,
        status=OrderStatus(status),
        customer_id=customer_id,
        manager_id=manager_id,
        ordered_at=ordered_at,
        total=Money(total_minor, currency),
        item_count=item_count,
        payment_status=PaymentStatus(payment_status),
        payment_is_unknown=is_unknown,
        external_reference=external_reference,
        version=version,
    )


_PAYMENTS = select(
    payments.c.id,
    payments.c.order_id,
    orders.c.number,
    payments.c.amount_minor,
    orders.c.currency,
    payments.c.method,
    payments.c.status,
    payments.c.is_unknown,
    payments.c.authorised_minor,
    payments.c.captured_minor,
    payments.c.refunded_minor,
    payments.c.discrepancy_minor,
    payments.c.ordered_at,
).join_from(orders, payments, payments.c.order_id == orders.c.id)


def narrowed_payments(which: PaymentFilter) -> Select[Any]:
    statement = _PAYMENTS
    if which.status is not None:
        statement = statement.where(payments.c.status == which.status.value)
    if which.unknown is not None:
        statement = statement.where(
            literal_column("payments.is_unknown" if which.unknown else "NOT payments.is_unknown")
        )
    return statement


def payment_row(row: Sequence[Any]) -> PaymentRow:
    (
        id,
        order_id,
        order_number,
        amount_minor,
        currency,
        method,
        status,
        is_unknown,
        authorised,
        captured,
        refunded,
        discrepancy,
        ordered_at,
    ) = row
    return PaymentRow(
        id=id,
        order_id=order_id,
        order_number=order_number,
        amount=Money(amount_minor, currency),
        method=PaymentMethod(method),
        status=PaymentStatus(status),
        is_unknown=is_unknown,
        authorised=authorised,
        captured=captured,
        refunded=refunded,
        discrepancy=discrepancy,
        ordered_at=ordered_at,
    )


# -- shipments --------------------------------------------------------------------------------------------------

SHIPMENTS = select(
    shipments.c.id,
    shipments.c.order_id,
    orders.c.number,
    shipments.c.status,
    shipments.c.carrier,
    shipments.c.tracking_number,
    shipments.c.started_at,
).join_from(shipments, orders, orders.c.id == shipments.c.order_id)


def shipment_row(row: Sequence[Any]) -> ShipmentRow:
    id, order_id, order_number, status, carrier, tracking_number, started_at = row
    return ShipmentRow(
        id=id,
        order_id=order_id,
        order_number=order_number,
        status=ShipmentStatus(status),
        carrier=carrier,
        tracking_number=tracking_number,
        started_at=started_at,
    )


# -- products ---------------------------------------------------------------------------------------------------


def narrowed_products(which: ProductFilter) -> Select[Any]:
    """Flags are written bare: only so does SQLite see that a partial index fits."""
    refuse_unsearchable("/text", which.text)
    refuse_unsearchable("/category", which.category)
    statement = raw(products)
    if which.text is not None:
        part = which.text.lower()
        statement = statement.where(
            or_(*(func.lower(column).contains(part, autoescape=True) for column in (products.c.name, products.c.sku)))
        )
    if which.category is not None:
        statement = statement.where(products.c.category == which.category)
    if which.low is not None:
        statement = statement.where(literal_column("products.is_low" if which.low else "NOT products.is_low"))
    if not which.archived:
        statement = statement.where(literal_column("NOT products.is_archived"))
    return statement


MOVEMENTS = select(
    stock_movements.c.product_id,
    stock_movements.c.location_id,
    stock_movements.c.quantity,
    stock_movements.c.kind,
    stock_movements.c.at,
    stock_movements.c.actor_id,
    stock_movements.c.reason,
    stock_movements.c.reference,
)


def movement(row: Sequence[Any]) -> Movement:
    product_id, location_id, quantity, kind, at, actor_id, reason, reference = row
    return Movement(
        product_id=product_id,
        location_id=location_id,
        quantity=quantity,
        kind=MovementKind(kind),
        at=at,
        actor_id=actor_id,
        reason=reason,
        reference=reference,
    )


# -- events -----------------------------------------------------------------------------------------------------

EVENTS = select(
    events.c.stream,
    events.c.stream_id,
    events.c.number,
    events.c.type,
    events.c.occurred_at,
    events.c.actor_id,
    events.c.payload,
)


def event_row(row: Sequence[Any]) -> EventRow:
    stream, stream_id, number, type_, occurred_at, actor_id, payload = row
    return EventRow(
        stream=stream,
        stream_id=stream_id,
        number=number,
        type=type_,
        occurred_at=occurred_at,
        actor_id=actor_id,
        payload=orjson.loads(payload),
    )

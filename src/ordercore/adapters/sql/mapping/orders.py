"""The only place where orders become rows and rows orders, with items, allocations and adjustments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from uuid import UUID

import orjson

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.payments import payment_of
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.customer import Address, Contact
from ordercore.domain.fields import restore
from ordercore.domain.lifecycles import OrderStatus
from ordercore.domain.money import Money
from ordercore.domain.order import Adjustment, Allocation, CancelReason, OnDecline, Order, OrderItem
from ordercore.ports.sealer import Sealer

_CANCEL_REASON = {each.value: each for each in CancelReason}
_ON_DECLINE = {each.value: each for each in OnDecline}
_ORDER_STATUS = {each.value: each for each in OrderStatus}


def personal_of(sealer: Sealer, order: Order) -> bytes:
    """The order's own copy of who buys and where it goes."""
    return sealer.seal(orjson.dumps({"contact": order.contact.__dict__, "ship_to": order.ship_to.__dict__}))


def order_row(wire: Wire, sealer: Sealer, order: Order) -> Row:
    """An order for its table."""
    return (
        wire.id(order.id),
        order.number,
        wire.id(order.customer_id),
        wire.id(order.manager_id),
        wire.id(order.placed_by),
        order.external_reference,
        wire.moment(order.ordered_at),
        order.status._value_,
        None if order.cancel_reason is None else order.cancel_reason._value_,
        order.on_decline._value_,
        None if order.expires_at is None else wire.moment(order.expires_at),
        order.total.currency,
        order.total.amount_minor,
        len(order.items),
        len(order.adjustments),
        personal_of(sealer, order),
        order.version,
        order.event_count + len(order.facts),
    )


def item_rows(wire: Wire, order: Order) -> Iterable[Row]:
    """An order's items for their table."""
    order_id = wire.id(order.id)
    for position, item in enumerate(order.items):
        yield (
            order_id,
            position,
            wire.id(item.id),
            wire.id(item.product_id),
            item.sku,
            item.name,
            item.unit_price.amount_minor,
            item.quantity,
            item.line_total.amount_minor,
            item.quantity_claimed,
            item.quantity_cancelled,
            item.quantity_shipped,
            item.quantity_delivered,
            item.quantity_returned,
        )


def allocation_rows(wire: Wire, order: Order, positions: Iterable[int] | None = None) -> Iterable[Row]:
    """An order's allocations for their table, of all its items or of those at these positions."""
    order_id = wire.id(order.id)
    for position in range(len(order.items)) if positions is None else positions:
        item = order.items[position]
        for allocation in item.allocations:
            yield (
                order_id,
                position,
                wire.id(allocation.location_id),
                wire.id(item.product_id),
                allocation.quantity,
            )


def adjustment_rows(wire: Wire, order: Order) -> Iterable[Row]:
    """An order's adjustments for their table."""
    for each in order.adjustments:
        yield (
            wire.id(order.id),
            wire.id(each.id),
            each.kind,
            each.label,
            each.amount.amount_minor,
            None if each.item_id is None else wire.id(each.item_id),
            int(each.is_tax_included),
        )


ITEM_SELECT = f"""SELECT {columns(tables.order_items, "i.")}, a.location_id, a.quantity
    FROM order_items i LEFT JOIN allocations a ON a.order_id = i.order_id AND a.position = i.position
    WHERE i.order_id {{among}} ORDER BY i.order_id, i.position, a.location_id"""


def orders_of(
    wire: Wire,
    sealer: Sealer,
    order_rows: Sequence[Row],
    item_rows: Sequence[Row],
    payment_rows: Sequence[Row],
    adjustment_rows: Sequence[Row] = (),
) -> dict[UUID, Order]:
    """Orders from the rows of ITEM_SELECT, PAYMENT_SELECT and their tables, each sorted by order id."""
    items = {key: list(rows) for key, rows in groupby(item_rows, itemgetter(0))}
    payments = {key: list(rows) for key, rows in groupby(payment_rows, itemgetter(0))}
    adjustments = {key: list(rows) for key, rows in groupby(adjustment_rows, itemgetter(0))}
    orders = (
        order_of(wire, sealer, row, items[row[0]], payments[row[0]], adjustments.get(row[0], ())) for row in order_rows
    )
    return {order.id: order for order in orders}


def order_of(
    wire: Wire, sealer: Sealer, row: Row, item_rows: Sequence[Row], payment_rows: Sequence[Row], adjusted: Sequence[Row]
) -> Order:
    """An order from its row and those of its parts."""
    (
        id,
        number,
        customer_id,
        manager_id,
        placed_by,
        external_reference,
        ordered_at,
        status,
        cancel_reason,
        on_decline,
        expires_at,
        currency,
        total_minor,
        _,
        _,
        personal,
        version,
        event_count,
    ) = row
    known = orjson.loads(sealer.open(personal))
    return Order(
        id=wire.to_id(id),
        number=number,
        customer_id=wire.to_id(customer_id),
        contact=restore(Contact, known["contact"]),
        ship_to=restore(Address, known["ship_to"]),
        manager_id=wire.to_id(manager_id),
        placed_by=wire.to_id(placed_by),
        external_reference=external_reference,
        ordered_at=wire.to_moment(ordered_at),
        status=_ORDER_STATUS[status],
        cancel_reason=None if cancel_reason is None else _CANCEL_REASON[cancel_reason],
        on_decline=_ON_DECLINE[on_decline],
        expires_at=None if expires_at is None else wire.to_moment(expires_at),
        items=_items_of(wire, currency, item_rows),
        adjustments=tuple(_adjustment_of(wire, currency, each) for each in adjusted),
        total=Money(total_minor, currency),
        payment=payment_of(wire, sealer, currency, payment_rows),
        version=version,
        event_count=event_count,
    )


def _items_of(wire: Wire, currency: str, rows: Sequence[Row]) -> tuple[OrderItem, ...]:
    items: list[OrderItem] = []
    latest = -1
    for row in rows:
        (_, position, id, product_id, sku, name, price, quantity, total, *counts, location_id, reserved) = row
        allocations: tuple[Allocation, ...] = ()
        if location_id is not None:
            allocations = (Allocation(location_id=wire.to_id(location_id), quantity=reserved),)
        if position == latest:
            allocations = (*items.pop().allocations, *allocations)
        latest = position
        claimed, cancelled, shipped, delivered, returned = counts
        items.append(
            OrderItem(
                id=wire.to_id(id),
                product_id=wire.to_id(product_id),
                sku=sku,
                name=name,
                unit_price=Money(price, currency),
                quantity=quantity,
                line_total=Money(total, currency),
                quantity_claimed=claimed,
                quantity_cancelled=cancelled,
                quantity_shipped=shipped,
                quantity_delivered=delivered,
                quantity_returned=returned,
                allocations=allocations,
            )
        )
    return tuple(items)


def _adjustment_of(wire: Wire, currency: str, row: Row) -> Adjustment:
    _, id, kind, label, amount_minor, item_id, is_tax_included = row
    return Adjustment(
        id=wire.to_id(id),
        kind=kind,
        label=label,
        amount=Money(amount_minor, currency),
        item_id=None if item_id is None else wire.to_id(item_id),
        is_tax_included=bool(is_tax_included),
    )

"""The only place that writes orders: new ones whole, changed ones where they differ, one statement a table and kind."""

from __future__ import annotations

from collections.abc import Sequence

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.orders import adjustment_rows, allocation_rows, item_rows, order_row, personal_of
from ordercore.adapters.sql.mapping.payments import attempt_row, entry_row, payment_row
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.order import Order
from ordercore.ports.sealer import Sealer

Changed = Sequence[tuple[Order, Order]]

ORDER_COLUMNS = ("manager_id", "status", "cancel_reason", "expires_at", "version", "event_count")
QUANTITIES = (
    "quantity_claimed",
    "quantity_cancelled",
    "quantity_shipped",
    "quantity_delivered",
    "quantity_returned",
)
PAYMENT_COLUMNS = tuple(
    name
    for name in tables.payments.columns.keys()  # noqa: SIM118 - a column collection
    if name not in ("order_id", "id", "amount_minor", "method", "is_external", "ordered_at")
)
_PAYMENT_PLACES = tuple(tables.payments.columns.keys().index(name) for name in (*PAYMENT_COLUMNS, "order_id"))
ATTEMPT_COLUMNS = ("status", "reference", "decline_code", "finished_at", "reported")


def write_orders(wire: Wire, sealer: Sealer, new: Sequence[Order], changed: Changed) -> None:
    """Insert new orders and update changed ones, each pair being (as held, as saved)."""
    if new:
        _insert(wire, sealer, new)
    if changed:
        _update(wire, sealer, changed)
    moved = [(before, after) for before, after in changed if after.payment is not before.payment]
    _write_payments(wire, sealer, new, moved)


def _insert(wire: Wire, sealer: Sealer, new: Sequence[Order]) -> None:
    wire.insert(tables.orders, [order_row(wire, sealer, order) for order in new])
    wire.insert(tables.order_items, [row for order in new for row in item_rows(wire, order)])
    wire.insert(tables.allocations, [row for order in new for row in allocation_rows(wire, order)])
    wire.insert(tables.adjustments, [row for order in new for row in adjustment_rows(wire, order)])
    wire.insert(tables.payments, [payment_row(wire, order) for order in new])


def _update(wire: Wire, sealer: Sealer, changed: Changed) -> None:
    wire.update(tables.orders, ORDER_COLUMNS, ("id",), [_order_values(wire, after) for _, after in changed])
    readdressed = [
        (personal_of(sealer, after), wire.id(after.id))
        for before, after in changed
        if after.ship_to is not before.ship_to or after.contact is not before.contact
    ]
    wire.update(tables.orders, ("personal",), ("id",), readdressed)
    quantities: list[Row] = []
    gone: list[Row] = []
    for before, after in changed:
        if after.items is not before.items:
            order_id = wire.id(after.id)
            for position, (was, now) in enumerate(zip(before.items, after.items, strict=True)):
                if now is not was:
                    counts = tuple(getattr(now, name) for name in QUANTITIES)
                    quantities.append((*counts, order_id, position))
                if now.allocations != was.allocations:
                    gone += [(order_id, position, wire.id(each.location_id)) for each in was.allocations]
    wire.update(tables.order_items, QUANTITIES, ("order_id", "position"), quantities)
    wire.delete(tables.allocations, ("order_id", "position", "location_id"), gone)


def _write_payments(wire: Wire, sealer: Sealer, new: Sequence[Order], moved: Changed) -> None:
    values = []
    started: list[Row] = [
        attempt_row(wire, sealer, order, position) for order in new for position in range(len(order.payment.attempts))
    ]
    ended: list[Row] = []
    entries: list[Row] = [entry_row(wire, order, entry) for order in new for entry in order.payment.entries]
    for before, after in moved:
        row = payment_row(wire, after)
        values.append(tuple(row[place] for place in _PAYMENT_PLACES))
        known = before.payment.attempts
        for position, attempt in enumerate(after.payment.attempts):
            if position >= len(known):
                started.append(attempt_row(wire, sealer, after, position))
            elif attempt is not known[position]:
                one = attempt_row(wire, sealer, after, position)
                ended.append((one[4], one[7], one[8], one[10], one[11], one[0], one[1]))
        entries += [entry_row(wire, after, entry) for entry in after.payment.entries]
    wire.update(tables.payments, PAYMENT_COLUMNS, ("order_id",), values)
    wire.insert(tables.payment_attempts, started)
    wire.update(tables.payment_attempts, ATTEMPT_COLUMNS, ("order_id", "position"), ended)
    wire.insert(tables.ledger_entries, entries)


def _order_values(wire: Wire, order: Order) -> Row:
    return (
        wire.id(order.manager_id),
        order.status._value_,
        None if order.cancel_reason is None else order.cancel_reason._value_,
        None if order.expires_at is None else wire.moment(order.expires_at),
        order.version,
        order.event_count + len(order.facts),
        wire.id(order.id),
    )

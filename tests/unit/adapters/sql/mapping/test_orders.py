from __future__ import annotations

from attrs import evolve
from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.orders import adjustment_rows, allocation_rows, item_rows, order_row, orders_of
from ordercore.adapters.sql.mapping.payments import attempt_row, payment_row
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.order import Order
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import SEALER, WIRES, as_stored, saved


@given(order=strategies.orders())
def test_an_order_comes_back_with_its_parts(order: Order) -> None:
    for wire in WIRES:
        row = as_stored(tables.orders, order_row(wire, SEALER, order))
        payment = as_stored(tables.payments, payment_row(wire, order))
        attempts = [
            as_stored(tables.payment_attempts, attempt_row(wire, SEALER, order, position))
            for position in range(len(order.payment.attempts))
        ]
        nothing = (None,) * len(tables.payment_attempts.columns)
        found = orders_of(
            wire,
            SEALER,
            [row],
            joined_items(wire, order),
            [(*payment, *attempt) for attempt in attempts or [nothing]],
            [as_stored(tables.adjustments, each) for each in adjustment_rows(wire, order)],
        )
        assert found == {order.id: evolve(saved(order), payment=evolve(order.payment, entries=()))}


def joined_items(wire: Wire, order: Order) -> list[Row]:
    """What ITEM_SELECT answers."""
    allocations: dict[int, list[Row]] = {}
    for allocation in allocation_rows(wire, order):
        allocations.setdefault(allocation[1], []).append((allocation[2], allocation[4]))
    return [
        (*as_stored(tables.order_items, row), *allocation)
        for row in item_rows(wire, order)
        for allocation in allocations.get(row[1], [(None, None)])
    ]

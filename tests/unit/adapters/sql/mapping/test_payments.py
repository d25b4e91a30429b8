from __future__ import annotations

from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.payments import entry_row
from ordercore.domain.order import Order
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES


@given(order=strategies.orders())
def test_a_ledger_entry_keeps_its_amount_and_attempt(order: Order) -> None:
    for wire in WIRES:
        for entry in order.payment.entries:
            row = dict(zip(tables.ledger_entries.columns.keys(), entry_row(wire, order, entry), strict=True))
            assert (wire.to_id(row["order_id"]), wire.to_id(row["id"])) == (order.id, entry.id)
            assert (row["kind"], row["amount_minor"], wire.to_moment(row["at"])) == (
                entry.kind,
                entry.amount_minor,
                entry.at,
            )
            assert (row["attempt_id"] and wire.to_id(row["attempt_id"])) == entry.attempt_id

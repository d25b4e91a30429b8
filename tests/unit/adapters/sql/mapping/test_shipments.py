from __future__ import annotations

from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.shipments import shipment_of, shipment_row
from ordercore.domain.shipment import Shipment
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import SEALER, WIRES, as_stored, saved


@given(shipment=strategies.shipments())
def test_a_shipment_comes_back_with_its_lines(shipment: Shipment) -> None:
    for wire in WIRES:
        row = as_stored(tables.shipments, shipment_row(wire, SEALER, shipment))
        lines = [(wire.id(shipment.id), wire.id(line.order_item_id), line.quantity) for line in shipment.lines]
        assert shipment_of(wire, SEALER, row, lines) == saved(shipment)

"""The only place that holds and saves shipments with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.mapping.columns import columns
from ordercore.adapters.sql.mapping.shipments import shipment_of, shipment_row
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.shipment import Shipment
from ordercore.ports.sealer import Sealer


class SqlShipments(SqlCollection[Shipment]):
    """Shipments with their lines; their order's lock is theirs."""

    table = tables.shipments
    kind = "shipments"

    def flush(self) -> None:
        """Send shipments, and the lines of new ones."""
        super().flush()
        lines = [
            (self._wire.id(each.id), self._wire.id(line.order_item_id), line.quantity)
            for id, each in self._saved.items()
            if id not in self._held
            for line in each.lines
        ]
        self._wire.insert(tables.shipment_lines, lines)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, Shipment]:
        return read_shipments(self._wire, self._work.sealer, keys, lock=lock)

    def _row(self, each: Shipment) -> Row:
        return shipment_row(self._wire, self._work.sealer, each)


def read_shipments(wire: Wire, sealer: Sealer, keys: Sequence[Any], *, lock: bool = False) -> dict[UUID, Shipment]:
    """Shipments with their lines, by their ids on the wire."""
    rows = wire.rows(tables.shipments, columns(tables.shipments), keys, lock=lock)
    lines: dict[Any, list[Row]] = {}
    names = columns(tables.shipment_lines)
    for line in wire.rows(
        tables.shipment_lines, names, [row[0] for row in rows], by="shipment_id", order="shipment_id, order_item_id"
    ):
        lines.setdefault(line[0], []).append(line)
    shipments = (shipment_of(wire, sealer, row, lines.get(row[0], ())) for row in rows)
    return {shipment.id: shipment for shipment in shipments}

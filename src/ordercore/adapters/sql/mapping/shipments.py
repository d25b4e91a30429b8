"""The only place where shipments become rows and rows shipments."""

from __future__ import annotations

from collections.abc import Iterable

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.domain.shipment import Label, Shipment, ShipmentLine
from ordercore.ports.sealer import Sealer

_SHIPMENT_STATUS = {each.value: each for each in ShipmentStatus}


def shipment_row(wire: Wire, sealer: Sealer, shipment: Shipment) -> Row:
    """A shipment for its table."""
    label = shipment.label
    return (
        wire.id(shipment.id),
        wire.id(shipment.order_id),
        shipment.status._value_,
        None if label is None else label.carrier,
        None if label is None else label.tracking_number,
        None if label is None else sealer.seal(label.document),
        None if label is None else label.media_type,
        shipment.failure,
        wire.moment(shipment.started_at),
        shipment.version,
        shipment.event_count + len(shipment.facts),
    )


def shipment_of(wire: Wire, sealer: Sealer, row: Row, lines: Iterable[Row]) -> Shipment:
    """A shipment from its row and its lines."""
    (
        id,
        order_id,
        status,
        carrier,
        tracking_number,
        document,
        media_type,
        failure,
        started_at,
        version,
        event_count,
    ) = row
    label = None
    if document is not None:
        label = Label(
            carrier=carrier,
            tracking_number=tracking_number,
            document=sealer.open(bytes(document)),
            media_type=media_type,
        )
    return Shipment(
        id=wire.to_id(id),
        order_id=wire.to_id(order_id),
        lines=tuple(ShipmentLine(order_item_id=wire.to_id(item_id), quantity=count) for _, item_id, count in lines),
        status=_SHIPMENT_STATUS[status],
        label=label,
        failure=failure,
        started_at=wire.to_moment(started_at),
        version=version,
        event_count=event_count,
    )

"""Shipments over HTTP: find them, fetch their labels."""

from __future__ import annotations

from attrs import frozen
from flask import Response

from ordercore.domain.errors import UnknownResource
from ordercore.domain.lifecycles import ShipmentStatus
from ordercore.entrypoints.http import rendering, shapes
from ordercore.entrypoints.http.answers import answer, listed, resource_id
from ordercore.entrypoints.http.operations import Asked, Capability

shipments = Capability("shipments")


@frozen(kw_only=True)
class ShipmentFilter:
    """Which shipments."""

    status: ShipmentStatus | None = None


@shipments.operation("GET", "/shipments", which=ShipmentFilter, answer=shapes.ShipmentRowShape, listed=True)
def list_shipments(asked: Asked[None]) -> Response:
    """Shipments, newest first."""
    return listed(asked.shop.shipping.list(asked.which.status, asked.page), rendering.shipment_row)


@shipments.operation("GET", "/shipments/<shipment>", answer=shapes.ShipmentShape, refusals=(UnknownResource,))
def get_shipment(asked: Asked[None], shipment: str) -> Response:
    """One shipment."""
    found = asked.shop.shipping.get(resource_id(shipment, "shipment"))
    return answer(rendering.shipment(found), version=found.version)


@shipments.operation("GET", "/shipments/<shipment>/label", answer=bytes, refusals=(UnknownResource,))
def get_label(asked: Asked[None], shipment: str) -> Response:
    """The label's document, as the carrier made it."""
    found = asked.shop.shipping.get(resource_id(shipment, "shipment"))
    if found.label is None:
        raise UnknownResource(kind="label of shipment", name=shipment)
    response = Response(found.label.document, mimetype=found.label.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="label-{found.id}"'
    return response

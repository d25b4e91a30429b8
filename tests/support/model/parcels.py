"""The only place for how parcels of the model leave the house."""

from __future__ import annotations

from typing import Any

from tests.support.model.money import Money
from tests.support.model.words import Answer, Died, Row, refused


class Parcels(Money):
    """Shipments, their labels and their failures."""

    def _advance(self, id: Any) -> None:
        shipment = self.shipments[id]
        order = self.orders[shipment["order"]]
        if shipment["status"] != "pending":
            return
        if order["attempt"] is not None and order["attempt"]["state"] == "asked" and not self._is_old(shipment):
            self._drive(order)
        elif order["attempt"] is not None:
            self._resume(order)
        if order["attempt"] is not None:
            return
        if order["payment"] == "authorised":
            self._fail(id, "money_unavailable")
            return
        self._label(id, order)

    def _label(self, id: Any, order: Row) -> None:
        shipment = self.shipments[id]
        mishap = self.mishap.pop("label", "")
        if mishap == "dies before":
            raise Died
        if mishap == "lost before":
            return
        is_first, shipment["tried"] = not shipment["tried"], True
        if mishap == "dies after":
            raise Died
        is_refused = order["line1"].startswith("UNDELIVERABLE")
        if mishap == "lost after" or (is_first and order["line1"] == "TIMEOUT"):
            return
        if is_refused:
            self._fail(id, "label_refused")
            return
        for sku, item in order["items"].items():
            self._level(sku, on_hand=-item["quantity"], reserved=-item["quantity"])
        shipment["status"] = "labelled"
        order.update(status="shipped", claimed_by=None)
        self._finish("ship", id, "done")

    def _fail(self, id: Any, why: str) -> None:
        self.shipments[id].update(status="failed", failure=why)
        self.orders[self.shipments[id]["order"]]["claimed_by"] = None
        self._finish("ship", id, "done")

    def _judged_shipment(self, id: Any, *, replayed: bool = False) -> Answer:
        failure = self.shipments[id]["failure"]
        return refused(failure, replayed=replayed) if failure else Answer(id, replayed=replayed)

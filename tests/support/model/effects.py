"""The only place for what a request that is not refused does to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.model.parcels import Parcels
from tests.support.model.words import Answer, Made, Row, details


class Effects(Parcels):
    """One method a request."""

    def _pay(self, id: Any, spec: Row) -> Answer:
        order = self.orders[id]
        self._ask(order, "authorise", order["total"], spec["token"])
        self._drive(order)
        return self._judged(id)

    def _cancel(self, id: Any, _: Row) -> None:
        order = self.orders[id]
        is_free = order["attempt"] is None
        self._end(order, "by_request")
        if is_free:
            self._drive(order)

    def _ship(self, id: Any, spec: Row) -> Answer:
        order = self.orders[spec["order"]]
        self.shipments[id] = {"order": spec["order"], "status": "pending", "since": self.now, "tried": False}
        self.shipments[id]["failure"] = None
        order["claimed_by"] = id
        if order["payment"] == "authorised":
            self._ask(order, "capture", order["total"], None)
        self._advance(id)
        return self._judged_shipment(id)

    def _deliver(self, id: Any, _: Row) -> None:
        self.orders[id]["status"] = "delivered"
        for shipment in self.shipments.values():
            if shipment["order"] == id and shipment["status"] == "labelled":
                shipment["status"] = "delivered"

    def _correct(self, id: Any, spec: Row) -> None:
        self.orders[id]["line1"] = spec["line1"]

    def _hand_over(self, id: Any, spec: Row) -> None:
        self.orders[id]["manager"] = spec["admin"]

    def _add_product(self, id: Any, spec: Row) -> None:
        empty = {"id": id, "on_hand": 0, "reserved": 0, "archived": False, "is_low": True, "alerts": 0}
        self.products[spec["sku"]] = {**empty, **details(spec), "on_hand": spec["quantity"]}
        self.products[spec["sku"]]["is_low"] = self._is_low(spec["sku"])

    def _edit_product(self, _: Any, spec: Row) -> None:
        self.products[spec["sku"]].update(details(spec))
        self.products[spec["sku"]]["is_low"] = self._is_low(spec["sku"])

    def _archive(self, _: Any, spec: Row) -> None:
        self.products[spec["sku"]].update(archived=True, is_low=False)

    def _receive(self, _: Any, spec: Row) -> None:
        self._level(spec["sku"], on_hand=spec["quantity"])

    def _adjust(self, _: Any, spec: Row) -> None:
        self._level(spec["sku"], on_hand=spec["change"])

    def _register(self, id: Any, spec: Row) -> None:
        self.customers[id] = {"email": spec["email"], "name": spec["name"], "line1": spec["line1"], "is_guest": False}

    def _edit_customer(self, id: Any, spec: Row) -> None:
        customer = self.customers[id]
        stays = customer["is_guest"] and customer["email"].casefold() == spec["email"].casefold()
        customer.update(email=spec["email"], name=spec["name"], line1=spec["line1"], is_guest=stays)

    def _add_admin(self, id: Any, spec: Row) -> None:
        self.admins[id] = {"username": spec["username"], "active": True}

    def _deactivate(self, id: Any, _: Row) -> None:
        self.admins[id]["active"] = False

    def _buyer(self, spec: Row, made: Made, guests: Mapping[str, Row]) -> Any:
        """A known customer, the guest of that mailbox, or a new guest: as the batch's first order for it tells."""
        kind, who = spec["customer"]
        if kind == "known":
            return who
        for id, customer in self.customers.items():
            if customer["is_guest"] and customer["email"].casefold() == who.casefold():
                return id
        id = made.guests[who.casefold()]
        first = guests[who.casefold()]
        email = first["customer"][1]
        self.customers[id] = {"email": email, "name": f"Guest {email}", "line1": first["line1"], "is_guest": True}
        return id

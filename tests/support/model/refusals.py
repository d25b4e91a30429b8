"""The only place for why the model refuses a request: every reason that applies."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.model.state import State
from tests.support.model.words import HOLDERS_NAMED, Row, merged


class Refusals(State):
    """One method a request."""

    def why_not_quote(self, spec: Row) -> set[str]:
        """Every reason that applies against a quote."""
        return self._why_not_lines(spec)

    def _why_not_place(self, spec: Row) -> set[str]:
        why = self._why_not_lines(spec)
        kind, who = spec["customer"]
        if kind == "known" and who not in self.customers:
            why.add("unknown_customer")
        is_home_known = kind == "known" and self.customers.get(who, {}).get("line1") is not None
        if spec["line1"] is None and not is_home_known:
            why.add("invalid_request")
        items = merged(spec["items"])
        known = [self.products[sku] for sku in items if sku in self.products]
        if spec["token"] is None and any(product["price"] for product in known):
            why.add("invalid_request")
        return why

    def _why_not_lines(self, spec: Row) -> set[str]:
        why: set[str] = set()
        items = merged(spec["items"])
        if any(sku not in self.products or self.products[sku]["archived"] for sku in items):
            why.add("unknown_product")
        known = {sku: quantity for sku, quantity in items.items() if sku in self.products}
        if len({self.products[sku]["currency"] for sku in known}) > 1:
            why.add("currency_mismatch")
        if any(quantity > self._available(sku) for sku, quantity in known.items()):
            why.add("out_of_stock")
        total = sum(self.products[sku]["price"] * quantity for sku, quantity in known.items())
        currencies = {self.products[sku]["currency"] for sku in known}
        if spec["expected"] is not None and spec["expected"][1] not in currencies:
            why.add("currency_mismatch")
        elif spec["expected"] is not None and spec["expected"][0] != total:
            why.add("price_changed")
        return why

    def _why_not_steer(self, spec: Row, *, statuses: Sequence[str]) -> set[str]:
        order = self.orders[spec["order"]]
        why = {"version_is_stale"} if spec.get("stale") else set()
        if order["status"] not in statuses:
            why.add("transition_refused")
        return why

    def _why_not_pay(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending"])
        return why | self._in_flight(spec)

    def _why_not_cancel(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending", "confirmed"])
        return why | self._in_shipment(spec)

    def _why_not_ship(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["confirmed"])
        return why | self._in_flight(spec) | self._in_shipment(spec)

    def _why_not_deliver(self, spec: Row) -> set[str]:
        return self._why_not_steer(spec, statuses=["shipped"])

    def _why_not_correct(self, spec: Row) -> set[str]:
        return self._why_not_steer(spec, statuses=["pending", "confirmed"]) | self._in_shipment(spec)

    def _why_not_hand_over(self, spec: Row) -> set[str]:
        why = self._why_not_steer(spec, statuses=["pending", "confirmed", "partially_shipped", "shipped"])
        return why if self.admins[spec["admin"]]["active"] else why | {"admin_is_inactive"}

    def _why_not_add_product(self, spec: Row) -> set[str]:
        return {"already_exists"} if spec["sku"] in self.products else set()

    def _why_not_edit_product(self, spec: Row) -> set[str]:
        why = {"version_is_stale"} if spec["stale"] else set()
        return why | ({"transition_refused"} if self.products[spec["sku"]]["archived"] else set())

    def _why_not_archive(self, spec: Row) -> set[str]:
        return {"transition_refused"} if self.products[spec["sku"]]["archived"] else set()

    def _why_not_receive(self, _: Row) -> set[str]:
        return set()

    def _why_not_adjust(self, spec: Row) -> set[str]:
        product = self.products[spec["sku"]]
        if -spec["change"] > product["on_hand"]:
            return {"out_of_stock"}
        return {"stock_is_reserved"} if -spec["change"] > self._available(spec["sku"]) else set()

    def _why_not_register(self, _: Row) -> set[str]:
        return set()

    def _why_not_edit_customer(self, spec: Row) -> set[str]:
        return {"version_is_stale"} if spec["stale"] else set()

    def _why_not_add_admin(self, spec: Row) -> set[str]:
        taken = any(admin["username"] == spec["username"] for admin in self.admins.values())
        return {"already_exists"} if taken else set()

    def _why_not_deactivate(self, spec: Row) -> set[str]:
        if spec["admin"] == self.shop_admin:
            return {"not_deactivatable"}
        return set() if self.admins[spec["admin"]]["active"] else {"transition_refused"}

    def _in_flight(self, spec: Row) -> set[str]:
        return {"payment_in_flight"} if self.orders[spec["order"]]["attempt"] is not None else set()

    def _in_shipment(self, spec: Row) -> set[str]:
        return {"shipment_in_progress"} if self.orders[spec["order"]]["claimed_by"] is not None else set()

    def _holders(self, spec: Row) -> tuple[int, ...]:
        """The numbers of the orders that hold pieces of a product, lowest first."""
        holding = (each for each in self.orders.values() if spec["sku"] in each["items"] and self.holds_stock(each))
        return tuple(sorted(each["number"] for each in holding))[:HOLDERS_NAMED]

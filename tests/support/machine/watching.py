"""The only place for what must hold after every step."""

from __future__ import annotations

from hypothesis.stateful import invariant

import ordercore
from tests.support.audit import Snapshot, breaches, snapshot
from tests.support.machine.driving import Driving
from tests.support.machine.sight import SEEN_OF_PRODUCTS, meant_order, seen_order, seen_product, seen_shipment


class Watching(Driving):
    """Core, model and provider agree at every moment."""

    @invariant()
    def core_and_model_agree(self) -> None:
        if not hasattr(self, "shop"):
            return
        found = snapshot(self.core.store)
        assert breaches(found) == []
        model = self.model
        assert found.orders.keys() == model.orders.keys()
        for id, order in found.orders.items():
            assert seen_order(order, self.clock_start) == meant_order(
                model.orders[id], holds_stock=model.holds_stock(model.orders[id])
            )
        assert {each.sku: seen_product(each, found.alerts.get(id, 0)) for id, each in found.products.items()} == {
            sku: {name: each[name] for name in SEEN_OF_PRODUCTS} for sku, each in model.products.items()
        }
        assert {id: seen_shipment(each) for id, each in found.shipments.items()} == {
            id: (each["order"], each["status"]) for id, each in model.shipments.items()
        }
        self.others_agree(found)
        self.providers_agree(found)

    def others_agree(self, found: Snapshot) -> None:
        people = {
            each.id: (each.contact.email, each.contact.name, each.address and each.address.line1, each.is_guest)
            for each in found.others
            if isinstance(each, ordercore.domain.customer.Customer)
        }
        assert people == {
            id: (each["email"], each["name"], each["line1"], each["is_guest"])
            for id, each in self.model.customers.items()
        }
        active = {id for id, admin in self.model.admins.items() if admin["active"]}
        assert found.active_admins == active

    def providers_agree(self, found: Snapshot) -> None:
        """The provider's own books, at every moment, are the model's: nobody was charged twice or behind our back."""
        accounts = self.provider.accounts()
        expected = {}
        for id, order in found.orders.items():
            keys = [each.provider_key for each in order.payment.attempts if each.provider_key in accounts]
            meant = self.model.orders[id]["account"]
            assert len(keys) == (meant is not None)
            if meant is not None:
                expected[keys[0]] = meant
        assert {
            key: {name: getattr(each, name) for name in ("authorised", "captured", "refunded", "is_voided")}
            for key, each in accounts.items()
        } == expected

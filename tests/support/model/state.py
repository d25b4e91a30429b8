"""The only place for what the model knows: the shop in rows, stock levels, keys of requests."""

from __future__ import annotations

from typing import Any

from tests.support.model.words import PATIENCE, Row


class State:
    """What there is. `mishap` is what happens to the next call of a kind: lost or died, before or after."""

    def __init__(self, *, captures_at_once: bool, shop_admin: Any) -> None:
        self.captures_at_once = captures_at_once
        self.shop_admin = shop_admin
        self.now = 0.0
        self.products: dict[str, Row] = {}
        self.customers: dict[Any, Row] = {}
        self.admins: dict[Any, Row] = {shop_admin: {"username": "shop", "active": True}}
        self.orders: dict[Any, Row] = {}
        self.shipments: dict[Any, Row] = {}
        self.keys: dict[tuple[str, str], Row] = {}
        self.mishap: dict[str, str] = {}

    def holds_stock(self, order: Row) -> bool:
        """Whether the order's pieces are still in the house for it."""
        return order["status"] in ("pending", "confirmed")

    def _available(self, sku: str) -> int:
        product = self.products[sku]
        available: int = product["on_hand"] - product["reserved"]
        return available

    def _is_low(self, sku: str) -> bool:
        product = self.products[sku]
        threshold = product["threshold"]
        return not product["archived"] and threshold is not None and self._available(sku) <= threshold

    def _level(self, sku: str, *, on_hand: int = 0, reserved: int = 0) -> None:
        product = self.products[sku]
        product["on_hand"] += on_hand
        product["reserved"] += reserved
        is_low = self._is_low(sku)
        product["alerts"] += is_low and not product["is_low"]
        product["is_low"] = is_low

    def _managers(self) -> list[Any]:
        """Active admins by id; the shop's own only while nobody else is."""
        active = sorted(id for id, admin in self.admins.items() if admin["active"] and id != self.shop_admin)
        return active or [self.shop_admin]

    def _claim(
        self, actor: str, key: str, content: Any, operation: str, subject: Any, outcome: str | None = None
    ) -> None:
        self.keys[actor, key] = {
            "content": content,
            "operation": operation,
            "subject": subject,
            "outcome": outcome,
            "finished": None if outcome is None else self.now,
        }

    def _finish(self, operation: str, subject: Any, outcome: str) -> None:
        for stored in self.keys.values():
            if stored["outcome"] is None and (stored["operation"], stored["subject"]) == (operation, subject):
                stored.update(outcome=outcome, finished=self.now)

    def _is_old(self, begun: Row) -> bool:
        is_old: bool = self.now - begun["since"] > PATIENCE
        return is_old

    def _is_due(self, attempt: Row) -> bool:
        """An attempt whose answer never came is asked about at once here, others when they are old."""
        return self._is_old(attempt) or (attempt["state"] == "unknown" and self.now > attempt["since"])

    def _id_of(self, order: Row) -> Any:
        return next(id for id, each in self.orders.items() if each is order)

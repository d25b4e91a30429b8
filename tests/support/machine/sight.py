"""The only place for what is compared of orders, products and shipments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ordercore.domain.order import Order
from ordercore.domain.product import Product
from ordercore.domain.shipment import Shipment
from tests.support.model import Row

SEEN_OF_PRODUCTS = (
    "id",
    "name",
    "price",
    "currency",
    "threshold",
    "on_hand",
    "reserved",
    "archived",
    "is_low",
    "alerts",
)


def seen_order(order: Order, start: datetime) -> Row:
    payment = order.payment
    attempt = payment.open_attempt
    claimed = {item.sku for item in order.items if item.quantity_claimed}
    return {
        "number": order.number,
        "status": order.status.value,
        "reason": order.cancel_reason and order.cancel_reason.value,
        "customer": order.customer_id,
        "manager": order.manager_id,
        "line1": order.ship_to.line1,
        "items": {item.sku: (item.quantity, item.unit_price.amount_minor) for item in order.items},
        "currency": order.total.currency,
        "total": order.total.amount_minor,
        "expires": order.expires_at and (order.expires_at - start).total_seconds(),
        "payment": payment.status.value,
        "sums": (payment.authorised, payment.captured, payment.refunded),
        "discrepancy": payment.discrepancy,
        "attempt": attempt and (attempt.kind.value, attempt.amount.amount_minor, payment.is_unknown),
        "attempts": len(payment.attempts),
        "is_claimed": bool(claimed),
        "reserved": sum(order.reserved.values()),
    }


def meant_order(order: Row, *, holds_stock: bool) -> Row:
    attempt = order["attempt"]
    names = ("number", "status", "reason", "customer", "manager", "line1", "currency", "total", "expires")
    pieces = sum(item["quantity"] for item in order["items"].values())
    return {
        **{name: order[name] for name in (*names, "payment", "discrepancy", "attempts")},
        "items": {sku: (item["quantity"], item["price"]) for sku, item in order["items"].items()},
        "sums": (order["authorised"], order["captured"], order["refunded"]),
        "attempt": attempt and (attempt["kind"], attempt["amount"], attempt["state"] == "unknown"),
        "is_claimed": order["claimed_by"] is not None,
        "reserved": pieces if holds_stock else 0,
    }


def seen_product(product: Product, alerts: int) -> Row:
    return {
        "id": product.id,
        "name": product.name,
        "price": product.price.amount_minor,
        "currency": product.price.currency,
        "threshold": product.low_stock_threshold,
        "on_hand": product.on_hand,
        "reserved": product.reserved,
        "archived": product.is_archived,
        "is_low": product.is_low,
        "alerts": alerts,
    }


def seen_shipment(shipment: Shipment) -> tuple[UUID, str]:
    return (shipment.order_id, shipment.status.value)

"""The only place for what the command line shows of each thing: JSON as over HTTP, tables with these columns."""

from __future__ import annotations

from collections.abc import Mapping

from ordercore import Finding, OrderCore
from ordercore.domain.actor import Permission, may
from ordercore.domain.admin import ApiToken
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.entrypoints.http import rendering

Record = Mapping[str, object]

ADMIN_COLUMNS = ("username", "role", "is_active", "added_at", "id", "version")
CUSTOMER_COLUMNS = (
    *("id", "contact.name", "contact.email", "contact.phone"),
    *("address.line1", "address.line2", "address.city", "address.region", "address.postal_code", "address.country"),
    *("locale", "is_guest", "registered_at", "version"),
)
EVENT_COLUMNS = ("occurred_at", "type", "stream_id", "number", "actor_id", "payload")
FINDING_COLUMNS = ("guarantee", "check", "verdict", "detail")
MOVEMENT_COLUMNS = ("at", "kind", "quantity", "reason", "reference", "actor_id")
ORDER_COLUMNS = (
    *("number", "status", "payment_status", "payment_unknown", "total", "item_count", "ordered_at"),
    *("external_reference", "id", "customer_id", "manager_id", "version"),
)
PAYMENT_COLUMNS = (
    *("order_number", "status", "unknown", "amount", "authorised", "captured", "refunded", "discrepancy", "method"),
    *("ordered_at", "id", "order_id"),
)
PRODUCT_COLUMNS = (
    *("sku", "name", "price", "quantity_in_stock", "on_hand", "reserved", "low_stock_threshold", "is_low"),
    *("is_archived", "category", "weight_grams", "description", "id", "version"),
)
SHIPMENT_COLUMNS = ("order_number", "status", "carrier", "tracking_number", "started_at", "id", "order_id")
WORK_ITEM_COLUMNS = (
    *("opened_at", "kind", "amount", "status", "resolution", "settled_at", "settled_by"),
    *("id", "order_id", "payment_id", "attempt_id", "version"),
)
TOKEN_COLUMNS = ("name", "scopes", "is_revoked", "created_at", "id")


def order(shop: OrderCore, value: Order) -> Record:
    """An order; who bought is shown to those who may read orders, and to those who placed it themselves."""
    personal = may(shop.actor, Permission.ORDERS_READ) or value.placed_by == shop.actor.id
    return rendering.order(value, personal=personal)


def customer(shop: OrderCore, value: Customer) -> Record:
    """A customer, in full to those who may read customers."""
    return rendering.customer(value, personal=may(shop.actor, Permission.CUSTOMERS_READ))


def token(value: ApiToken) -> Record:
    """A token, without its secret."""
    return {
        "id": value.id,
        "name": value.name,
        "scopes": " ".join(sorted(value.permissions)),
        "is_revoked": value.is_revoked,
        "created_at": value.created_at,
        "version": value.version,
    }


def finding(value: Finding) -> Record:
    """What was seen of one guarantee."""
    return {
        "guarantee": value.guarantee,
        "check": value.check,
        "verdict": value.verdict,
        "detail": value.detail,
    }

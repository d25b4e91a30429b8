"""The only place for the tables of orders and their items, allocations, adjustments and references."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Sequence,
    SmallInteger,
    Text,
    UniqueConstraint,
)

from ordercore.adapters.sql.tables.columns import (
    blob,
    count,
    flag,
    key,
    metadata,
    minor,
    moment,
    partial_index,
    string,
    table,
    uuid,
    versioned,
)

order_numbers = Sequence("order_numbers", start=1001, metadata=metadata)
"""Order numbers on PostgreSQL; SQLite counts on from the latest."""

orders = table(
    "orders",
    key(),
    Column("number", BigInteger, nullable=False),
    uuid("customer_id", refers="customers.id"),
    uuid("manager_id", refers="admin_users.id"),
    uuid("placed_by"),
    string("external_reference", null=True),
    moment("ordered_at"),
    string("status"),
    string("cancel_reason", null=True),
    string("on_decline"),
    moment("expires_at", null=True),
    string("currency"),
    minor("total_minor"),
    count("item_count"),
    count("adjustment_count"),
    blob("personal"),
    *versioned(),
    CheckConstraint("total_minor >= 0", name="total"),
    UniqueConstraint("number"),
    Index("ix_orders_ordered_at", "ordered_at", "id"),
    Index("ix_orders_customer", "customer_id", "ordered_at", "id"),
    Index("ix_orders_status", "status", "ordered_at", "id"),
    Index("ix_orders_manager", "manager_id", "ordered_at", "id"),
    partial_index(
        "ix_orders_external_reference", "external_reference", "ordered_at", "id", where="external_reference IS NOT NULL"
    ),
    partial_index("ix_orders_expires_at", "expires_at", where="expires_at IS NOT NULL"),
)

order_references = table(
    "order_references",
    key("placed_by"),
    Column("reference", Text, primary_key=True),
    uuid("order_id"),
)

order_items = table(
    "order_items",
    key("order_id", refers="orders.id"),
    Column("position", SmallInteger, primary_key=True),
    uuid("id"),
    uuid("product_id", refers="products.id"),
    string("sku"),
    string("name"),
    minor("unit_price_minor"),
    count("quantity"),
    minor("line_total_minor"),
    count("quantity_claimed"),
    count("quantity_cancelled"),
    count("quantity_shipped"),
    count("quantity_delivered"),
    count("quantity_returned"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint(
        "quantity_claimed >= 0 AND quantity_cancelled >= 0 AND quantity_shipped >= 0"
        " AND quantity_shipped + quantity_claimed + quantity_cancelled <= quantity"
        " AND quantity_delivered BETWEEN 0 AND quantity_shipped"
        " AND quantity_returned BETWEEN 0 AND quantity_shipped",
        name="quantities",
    ),
)

allocations = table(
    "allocations",
    key("order_id"),
    Column("position", SmallInteger, primary_key=True),
    key("location_id", refers="locations.id"),
    uuid("product_id"),
    count("quantity"),
    CheckConstraint("quantity > 0", name="quantity"),
    ForeignKeyConstraint(["order_id", "position"], ["order_items.order_id", "order_items.position"]),
    Index("ix_allocations_product", "product_id", "location_id"),
)

adjustments = table(
    "adjustments",
    key("order_id", refers="orders.id"),
    key(),
    string("kind"),
    string("label"),
    minor("amount_minor"),
    uuid("item_id", null=True),
    flag("is_tax_included"),
)

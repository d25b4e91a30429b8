"""The only place for the tables of shipments and what is in them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from ordercore.adapters.sql.tables.columns import blob, count, key, moment, string, table, uuid, versioned

shipments = table(
    "shipments",
    key(),
    uuid("order_id", refers="orders.id"),
    string("status"),
    string("carrier", null=True),
    string("tracking_number", null=True),
    blob("label", null=True),
    string("label_media_type", null=True),
    string("failure", null=True),
    moment("started_at"),
    *versioned(),
    Index("ix_shipments_order", "order_id", "id"),
    Index("ix_shipments_status", "status", "id"),
)

shipment_lines = table(
    "shipment_lines",
    key("shipment_id", refers="shipments.id"),
    key("order_item_id"),
    count("quantity"),
    CheckConstraint("quantity > 0", name="quantity"),
)

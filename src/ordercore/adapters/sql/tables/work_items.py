"""The only place for the table of what a person must look at."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from ordercore.adapters.sql.tables.columns import key, minor, moment, string, table, uuid, versioned

work_items = table(
    "work_items",
    key(),
    string("kind"),
    uuid("order_id", refers="orders.id"),
    uuid("payment_id"),
    uuid("attempt_id"),
    minor("amount_minor"),
    string("currency"),
    string("status"),
    moment("opened_at"),
    moment("settled_at", null=True),
    uuid("settled_by", null=True),
    string("resolution", null=True),
    *versioned(),
    CheckConstraint("(status = 'settled') = (settled_at IS NOT NULL)", name="settled"),
    Index("ix_work_items_status", "status", "id"),
)

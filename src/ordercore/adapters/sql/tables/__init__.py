"""The only place for the tables: what is kept, and what the database itself refuses; gathered from the files beside.

Migrations create these; a test fails where the two differ. Ids are uuid (16 bytes on SQLite), times timestamptz
(integer microseconds since 1970 UTC on SQLite), money bigint minor units, personal data one sealed column a row.
"""

from ordercore.adapters.sql.tables.catalogue import locations, products, stock, stock_movements
from ordercore.adapters.sql.tables.columns import metadata
from ordercore.adapters.sql.tables.money import ledger_entries, payment_attempts, payments
from ordercore.adapters.sql.tables.order_path import (
    adjustments,
    allocations,
    order_items,
    order_numbers,
    order_references,
    orders,
)
from ordercore.adapters.sql.tables.parcels import shipment_lines, shipments
from ordercore.adapters.sql.tables.people import admin_users, api_tokens, customers
from ordercore.adapters.sql.tables.records import events, meta, requests
from ordercore.adapters.sql.tables.work_items import work_items

__all__ = [
    "adjustments",
    "admin_users",
    "allocations",
    "api_tokens",
    "customers",
    "events",
    "ledger_entries",
    "locations",
    "meta",
    "metadata",
    "order_items",
    "order_numbers",
    "order_references",
    "orders",
    "payment_attempts",
    "payments",
    "products",
    "requests",
    "shipment_lines",
    "shipments",
    "stock",
    "stock_movements",
    "work_items",
]

"""The only place that names the constraints behind the guarantees."""

from __future__ import annotations

from collections.abc import Mapping

GUARDS: Mapping[int, tuple[str, ...]] = {
    1: ("ck_stock_levels",),
    2: ("ck_stock_movements_quantity", "ck_allocations_quantity"),
    3: (
        "pk_payments",
        "uq_orders_number",
        "ck_orders_total",
        "ck_order_items_quantity",
        "ck_order_items_quantities",
        "ck_shipment_lines_quantity",
    ),
    4: ("ck_payments_sums", "ck_ledger_entries_amount"),
    5: ("pk_requests", "pk_order_references"),
    6: ("pk_events",),
    9: ("fk_orders_manager_id",),
}
"""Constraints by which the database itself refuses to break a guarantee."""

"""The only place for the checks of stock: guarantees 1 and 2."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check, orders_among, products_among, unbalanced

STOCK = (
    Check(
        1,
        "stock_levels",
        "0 <= reserved <= on_hand for every product and location",
        products_among("SELECT product_id FROM stock WHERE NOT (0 <= reserved AND reserved <= on_hand)"),
    ),
    Check(
        2,
        "reserved",
        "reserved is the sum of the allocations of every product and location",
        products_among(
            unbalanced(
                "product_id, location_id",
                "product_id, location_id, reserved AS amount FROM stock",
                "product_id, location_id, -quantity FROM allocations",
            )
        ),
    ),
    Check(
        2,
        "on_hand",
        "on_hand is the sum of the movements of every product and location",
        products_among(
            unbalanced(
                "product_id, location_id",
                "product_id, location_id, on_hand AS amount FROM stock",
                "product_id, location_id, -quantity FROM stock_movements",
            )
        ),
    ),
    Check(
        2,
        "allocations",
        "every item's allocations are its unshipped, uncancelled pieces",
        orders_among(
            unbalanced(
                "order_id, position, product_id",
                "order_id, position, product_id, quantity - quantity_cancelled - quantity_shipped AS amount"
                " FROM order_items",
                "order_id, position, product_id, -quantity FROM allocations",
            )
        ),
    ),
    Check(
        2,
        "low_stock",
        "a product is flagged low where it is not archived and available is at or below its threshold",
        """SELECT p.sku FROM products p
            LEFT JOIN (SELECT product_id, SUM(on_hand - reserved) AS available FROM stock GROUP BY product_id) s
            ON s.product_id = p.id
            WHERE CASE WHEN p.is_low THEN 1 ELSE 0 END <> CASE WHEN NOT p.is_archived
                AND COALESCE(s.available, 0) <= p.low_stock_threshold THEN 1 ELSE 0 END""",
    ),
    Check(
        2,
        "stock_exists",
        "every product has a stock level",
        "SELECT p.sku FROM products p WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE s.product_id = p.id)",
    ),
)

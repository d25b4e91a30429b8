"""The only place for the checks of orders, their items and shipments: guarantee 3."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check, orders_among, unbalanced
from ordercore.domain.limits import MAX_LINES_PER_ORDER

_LEFT_HOUSE = "('labelled', 'in_transit', 'delivered', 'exception', 'returned')"

ORDERS = (
    Check(
        3,
        "line_totals",
        "every line total is the unit price times the quantity",
        orders_among(
            "SELECT order_id FROM order_items WHERE line_total_minor <> CAST(unit_price_minor AS NUMERIC) * quantity"
        ),
    ),
    Check(
        3,
        "order_totals",
        "every order's total is the sum of its items and adjustments",
        orders_among(
            unbalanced(
                "order_id",
                "id AS order_id, total_minor AS amount FROM orders",
                "order_id, -line_total_minor FROM order_items",
                "order_id, -amount_minor FROM adjustments",
            )
        ),
    ),
    Check(3, "totals_positive", "no order's total is negative", "SELECT number FROM orders WHERE total_minor < 0"),
    Check(
        3,
        "item_counts",
        f"every order counts its items and adjustments and has 1 to {MAX_LINES_PER_ORDER} items",
        orders_among(
            unbalanced(
                "order_id, part",
                "id AS order_id, 'items' AS part, item_count AS amount FROM orders",
                "order_id, 'items', -1 FROM order_items",
                "id, 'adjustments', adjustment_count FROM orders",
                "order_id, 'adjustments', -1 FROM adjustments",
            )
            + " UNION ALL SELECT id, 'items' FROM orders"
            + f" WHERE NOT (1 <= item_count AND item_count <= {MAX_LINES_PER_ORDER})"
        ),
    ),
    Check(
        3,
        "order_numbers",
        "no order number is used twice",
        "SELECT number FROM orders GROUP BY number HAVING COUNT(*) > 1",
    ),
    Check(
        3,
        "one_payment",
        "every order has exactly one payment",
        orders_among(unbalanced("order_id", "id AS order_id, 1 AS amount FROM orders", "order_id, -1 FROM payments")),
    ),
    Check(
        3,
        "payment_amounts",
        "every payment is about its order's total and date",
        """SELECT o.number FROM orders o JOIN payments p ON p.order_id = o.id
            WHERE p.amount_minor <> o.total_minor OR p.ordered_at <> o.ordered_at""",
    ),
    Check(
        3,
        "quantities",
        "0 < quantity, shipped + claimed + cancelled <= quantity, delivered and returned <= shipped for every item",
        orders_among(
            """SELECT order_id FROM order_items WHERE NOT (quantity > 0
                AND quantity_claimed >= 0 AND quantity_cancelled >= 0 AND quantity_shipped >= 0
                AND quantity_shipped + quantity_claimed + quantity_cancelled <= quantity
                AND quantity_delivered BETWEEN 0 AND quantity_shipped
                AND quantity_returned BETWEEN 0 AND quantity_shipped)"""
        ),
    ),
    Check(
        3,
        "order_status",
        "every order's status is what its item quantities say",
        """SELECT o.number FROM orders o JOIN (
                SELECT order_id, SUM(quantity - quantity_cancelled) AS kept, SUM(quantity_shipped) AS shipped,
                    SUM(quantity_delivered) AS delivered, SUM(quantity_claimed) AS claimed
                FROM order_items GROUP BY order_id) i ON i.order_id = o.id
            WHERE o.status <> CASE WHEN kept = 0 THEN 'cancelled' WHEN delivered = kept THEN 'delivered'
                WHEN shipped = kept THEN 'shipped' WHEN shipped > 0 THEN 'partially_shipped'
                WHEN o.status = 'pending' AND claimed = 0 THEN 'pending' ELSE 'confirmed' END""",
    ),
    Check(
        3,
        "status_of_payment",
        "every order's status agrees with its payment's",
        """SELECT o.number FROM orders o JOIN payments p ON p.order_id = o.id WHERE NOT (
            (o.status = 'pending' AND p.status IN ('pending', 'declined'))
            OR (o.status = 'confirmed' AND p.status IN ('authorised', 'captured', 'partially_refunded', 'refunded'))
            OR (o.status IN ('partially_shipped', 'shipped', 'delivered')
                AND p.status IN ('captured', 'partially_refunded', 'refunded'))
            OR (o.status = 'cancelled' AND (p.status <> 'pending' OR p.authorise_pending_minor > 0)))""",
    ),
    Check(
        3,
        "order_ends",
        "cancelled orders and no others have a reason, pending orders and no others expire",
        """SELECT number FROM orders WHERE (status = 'cancelled') <> (cancel_reason IS NOT NULL)
            OR (status = 'pending') <> (expires_at IS NOT NULL)""",
    ),
    Check(
        3,
        "shipment_claims",
        "the claimed pieces of every item are in its order's pending shipments",
        orders_among(
            unbalanced(
                "order_id, item_id",
                "order_id, id AS item_id, quantity_claimed AS amount FROM order_items WHERE quantity_claimed <> 0",
                "s.order_id, l.order_item_id, -l.quantity FROM shipment_lines l"
                " JOIN shipments s ON s.id = l.shipment_id WHERE s.status = 'pending'",
            )
        ),
    ),
    Check(
        3,
        "shipment_pieces",
        "the shipped pieces of every item are in its order's labelled shipments",
        orders_among(
            unbalanced(
                "order_id, item_id",
                "order_id, id AS item_id, quantity_shipped AS amount FROM order_items WHERE quantity_shipped <> 0",
                "s.order_id, l.order_item_id, -l.quantity FROM shipment_lines l"
                f" JOIN shipments s ON s.id = l.shipment_id WHERE s.status IN {_LEFT_HOUSE}",
            )
        ),
    ),
    Check(
        3,
        "labels",
        "every shipment that was labelled has its label and tracking number",
        orders_among(
            f"""SELECT order_id FROM shipments WHERE status IN {_LEFT_HOUSE} AND (label IS NULL
                OR label_media_type IS NULL OR carrier IS NULL OR COALESCE(tracking_number, '') = '')"""
        ),
    ),
)

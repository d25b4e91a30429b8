"""The only place for what each guarantee means in rows: one statement a check, on SQLite and PostgreSQL alike.

A statement selects offenders, one row each, named by its first column that is not null. It finds none where the
guarantee holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from ordercore.domain.limits import MAX_LINES_PER_ORDER
from ordercore.ports.health import Verdict


@frozen
class Check:
    """One thing to look at. `claim` is what holds; `takes_moment` says that a `?` stands for a day ago."""

    guarantee: int
    name: str
    claim: str
    offenders: str
    verdict: Verdict = Verdict.BROKEN
    takes_moment: bool = False


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


def _unbalanced(keys: str, *sides: str) -> str:
    """Keys whose amounts do not sum to zero: what is kept on one side, less what accounts for it on the other."""
    names = ", ".join(key.split()[-1] for key in keys.split(", "))
    return (
        f"SELECT {names} FROM (SELECT {' UNION ALL SELECT '.join(sides)}) AS sides"
        f" GROUP BY {names} HAVING SUM(amount) <> 0"
    )


def _orders(which: str) -> str:
    """The orders among rows with an order_id, by number."""
    names = "SELECT DISTINCT o.number, wrong.order_id"
    return f"{names} FROM ({which}) AS wrong LEFT JOIN orders o ON o.id = wrong.order_id"


def _products(which: str) -> str:
    """The products among rows with a product_id, by sku."""
    names = "SELECT DISTINCT p.sku, wrong.product_id"
    return f"{names} FROM ({which}) AS wrong LEFT JOIN products p ON p.id = wrong.product_id"


_LEFT_HOUSE = "('labelled', 'in_transit', 'delivered', 'exception', 'returned')"

STOCK = (
    Check(
        1,
        "stock_levels",
        "0 <= reserved <= on_hand for every product and location",
        _products("SELECT product_id FROM stock WHERE NOT (0 <= reserved AND reserved <= on_hand)"),
    ),
    Check(
        2,
        "reserved",
        "reserved is the sum of the allocations of every product and location",
        _products(
            _unbalanced(
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
        _products(
            _unbalanced(
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
        _orders(
            _unbalanced(
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

ORDERS = (
    Check(
        3,
        "line_totals",
        "every line total is the unit price times the quantity",
        _orders(
            "SELECT order_id FROM order_items WHERE line_total_minor <> CAST(unit_price_minor AS NUMERIC) * quantity"
        ),
    ),
    Check(
        3,
        "order_totals",
        "every order's total is the sum of its items and adjustments",
        _orders(
            _unbalanced(
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
        _orders(
            _unbalanced(
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
        _orders(_unbalanced("order_id", "id AS order_id, 1 AS amount FROM orders", "order_id, -1 FROM payments")),
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
        _orders(
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
            OR (o.status = 'cancelled' AND p.status <> 'pending'))""",
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
        _orders(
            _unbalanced(
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
        _orders(
            _unbalanced(
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
        _orders(
            f"""SELECT order_id FROM shipments WHERE status IN {_LEFT_HOUSE} AND (label IS NULL
                OR label_media_type IS NULL OR carrier IS NULL OR COALESCE(tracking_number, '') = '')"""
        ),
    ),
)

PAYMENTS = (
    Check(
        4,
        "payment_sums",
        "authorised, captured and refunded with what is pending keep their bounds for every payment",
        _orders(
            """SELECT order_id FROM payments WHERE NOT (authorise_pending_minor >= 0 AND capture_pending_minor >= 0
                AND refund_pending_minor >= 0
                AND authorised_minor >= 0 AND captured_minor >= 0 AND refunded_minor >= 0
                AND authorised_minor + authorise_pending_minor <= amount_minor
                AND captured_minor + capture_pending_minor <= authorised_minor
                AND refunded_minor + refund_pending_minor <= captured_minor)"""
        ),
    ),
    Check(
        4,
        "pending_sums",
        "what is pending is the amount of the open attempt for every payment",
        _orders(
            _unbalanced(
                "order_id, kind",
                "order_id, 'authorise' AS kind, authorise_pending_minor AS amount FROM payments",
                "order_id, 'capture', capture_pending_minor FROM payments",
                "order_id, 'refund', refund_pending_minor FROM payments",
                "order_id, kind, -amount_minor FROM payment_attempts WHERE finished_at IS NULL AND kind <> 'void'",
            )
        ),
    ),
    Check(
        4,
        "ledger",
        "authorised, captured, refunded and the discrepancy are the sums of the ledger for every payment",
        _orders(
            _unbalanced(
                "order_id, kind",
                "order_id, 'authorised' AS kind, authorised_minor AS amount FROM payments",
                "order_id, 'captured', captured_minor FROM payments",
                "order_id, 'refunded', refunded_minor FROM payments",
                "order_id, 'discrepancy', discrepancy_minor FROM payments",
                "order_id, 'authorised', amount_minor FROM ledger_entries WHERE kind = 'voided'",
                "order_id, kind, -amount_minor FROM ledger_entries WHERE kind <> 'voided'",
            )
        ),
    ),
    Check(
        4,
        "booked_once",
        "every approved attempt has its one ledger entry, and entries without attempt are of orders paid elsewhere",
        _orders(
            _unbalanced(
                "order_id, attempt_id, kind",
                "order_id, id AS attempt_id, CASE kind WHEN 'authorise' THEN 'authorised' WHEN 'capture'"
                " THEN 'captured' WHEN 'void' THEN 'voided' ELSE 'refunded' END AS kind, amount_minor AS amount"
                " FROM payment_attempts WHERE status = 'succeeded'",
                "order_id, attempt_id, kind, -amount_minor FROM ledger_entries"
                " WHERE attempt_id IS NOT NULL AND kind <> 'discrepancy'",
            )
            + """ UNION ALL SELECT e.order_id, e.id, e.kind FROM ledger_entries e
                JOIN payments p ON p.order_id = e.order_id WHERE e.attempt_id IS NULL AND NOT p.is_external"""
        ),
    ),
    Check(
        4,
        "discrepancies",
        "every discrepancy that nobody has settled has its open work item, of the same amount",
        _orders(
            _unbalanced(
                "order_id, attempt_id",
                "order_id, attempt_id, amount_minor AS amount FROM ledger_entries WHERE kind = 'discrepancy'",
                "order_id, attempt_id, -amount_minor FROM work_items"
                " WHERE kind = 'payment_discrepancy' AND status = 'open'",
            )
        ),
    ),
    Check(
        4,
        "work_items",
        "no work item waits for somebody to settle it",
        "SELECT id FROM work_items WHERE status = 'open'",
        verdict=Verdict.NOTE,
    ),
    Check(
        4,
        "one_open_attempt",
        "no payment has two attempts without a final answer",
        _orders(
            "SELECT order_id FROM payment_attempts WHERE finished_at IS NULL GROUP BY order_id HAVING COUNT(*) > 1"
        ),
    ),
    Check(
        4,
        "attempt_ends",
        "attempts have an end where they have a final answer, and nowhere else",
        _orders(
            """SELECT order_id FROM payment_attempts
                WHERE (status IN ('succeeded', 'declined')) <> (finished_at IS NOT NULL)"""
        ),
    ),
    Check(
        4,
        "unknown_flag",
        "a payment is flagged unknown where the answer to an attempt never came, and nowhere else",
        _orders(
            _unbalanced(
                "order_id",
                "order_id, CASE WHEN is_unknown THEN 1 ELSE 0 END AS amount FROM payments",
                "DISTINCT order_id, -1 FROM payment_attempts WHERE status = 'unknown'",
            )
        ),
    ),
    Check(
        4,
        "payment_status",
        "every payment's status is what its sums say",
        _orders(
            """SELECT order_id FROM payments WHERE status <> CASE
                WHEN refunded_minor > 0 AND refunded_minor = captured_minor THEN 'refunded'
                WHEN refunded_minor > 0 THEN 'partially_refunded'
                WHEN captured_minor > 0 THEN 'captured' WHEN authorised_minor > 0 THEN 'authorised'
                WHEN amount_minor = 0 AND status = 'captured' THEN 'captured'
                WHEN status IN ('declined', 'voided') THEN status ELSE 'pending' END"""
        ),
    ),
)

REQUESTS = (
    Check(
        5,
        "unfinished_requests",
        "no request older than a day waits for an outcome that nobody works on",
        """SELECT r.operation, r.resource_id FROM requests r WHERE r.outcome IS NULL AND r.claimed_at < ?
            AND NOT EXISTS (SELECT 1 FROM payment_attempts a WHERE a.order_id = r.resource_id AND a.finished_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM shipments s WHERE s.id = r.resource_id AND s.status = 'pending')""",
        verdict=Verdict.NOTE,
        takes_moment=True,
    ),
    Check(
        5,
        "external_references",
        "every external reference is claimed by the one order that has it",
        """SELECT o.number, r.order_id FROM order_references r LEFT JOIN orders o ON o.id = r.order_id
            WHERE o.id IS NULL OR o.placed_by <> r.placed_by OR COALESCE(o.external_reference, '') <> r.reference
            UNION ALL SELECT o.number, o.id FROM orders o LEFT JOIN order_references r
            ON r.placed_by = o.placed_by AND r.reference = o.external_reference AND r.order_id = o.id
            WHERE o.external_reference IS NOT NULL AND r.order_id IS NULL""",
    ),
)

_STREAMS = {
    "order": ("orders", "CAST(number AS TEXT)"),
    "product": ("products", "sku"),
    "customer": ("customers", "NULL"),
    "shipment": ("shipments", "tracking_number"),
    "admin": ("admin_users", "username"),
    "token": ("api_tokens", "name"),
    "work_item": ("work_items", "kind"),
}

EVENTS = (
    Check(
        6,
        "event_numbers",
        "the events of every stream are numbered from 1 to its aggregate's count without a gap",
        "SELECT stream || ' ' || MAX(name) AS who, stream_id FROM ("
        + " UNION ALL ".join(
            f"SELECT '{stream}' AS stream, id AS stream_id, {name} AS name, event_count,"
            f" CAST(NULL AS INTEGER) AS number FROM {table}"
            for stream, (table, name) in _STREAMS.items()
        )
        + """ UNION ALL SELECT stream, stream_id, NULL, NULL, number FROM events) AS counted
            GROUP BY stream, stream_id HAVING MAX(event_count) IS NULL OR COUNT(number) <> MAX(event_count)
            OR COALESCE(MAX(number), 0) <> MAX(event_count) OR MIN(number) <> 1""",
    ),
    Check(
        6,
        "order_placed",
        "the first event of every order is its placement",
        """SELECT o.number FROM orders o LEFT JOIN events e
            ON e.stream = 'order' AND e.stream_id = o.id AND e.number = 1 AND e.type = 'order.placed.v1'
            WHERE e.number IS NULL""",
    ),
    Check(
        6,
        "last_event",
        "every order's status is what its latest event of that kind says",
        """SELECT o.number FROM orders o
            LEFT JOIN (SELECT stream_id, MAX(number) AS number FROM events WHERE stream = 'order' AND type IN
                ('order.confirmed.v1', 'order.shipped.v1', 'order.delivered.v1', 'order.cancelled.v1')
                GROUP BY stream_id) latest ON latest.stream_id = o.id
            LEFT JOIN events e ON e.stream = 'order' AND e.stream_id = o.id AND e.number = latest.number
            WHERE NOT CASE e.type WHEN 'order.confirmed.v1' THEN o.status = 'confirmed'
                WHEN 'order.cancelled.v1' THEN o.status = 'cancelled'
                WHEN 'order.shipped.v1' THEN o.status IN ('partially_shipped', 'shipped')
                WHEN 'order.delivered.v1' THEN o.status IN ('partially_shipped', 'shipped', 'delivered')
                ELSE o.status = 'pending' END""",
    ),
)

SECRETS = (
    Check(
        8,
        "password_hashes",
        "every password is kept as an Argon2id hash",
        """SELECT username FROM admin_users
            WHERE password_hash IS NOT NULL AND SUBSTR(password_hash, 1, 10) <> '$argon2id$'""",
    ),
    Check(
        8,
        "token_hashes",
        "every token's secret is kept as a hash of 32 bytes",
        "SELECT name, id FROM api_tokens WHERE LENGTH(secret_hash) <> 32",
    ),
)

MANAGERS = (
    Check(
        9,
        "managers",
        "every order's manager exists",
        "SELECT o.number FROM orders o WHERE NOT EXISTS (SELECT 1 FROM admin_users m WHERE m.id = o.manager_id)",
    ),
    Check(
        9,
        "hand_overs",
        "no open order waits to be handed over by an inactive admin user",
        """SELECT o.number FROM admin_users m JOIN orders o ON o.manager_id = m.id
            WHERE NOT m.is_active AND o.status NOT IN ('delivered', 'cancelled')""",
        verdict=Verdict.NOTE,
    ),
)

CHECKS = (*STOCK, *ORDERS, *PAYMENTS, *REQUESTS, *EVENTS, *SECRETS, *MANAGERS)

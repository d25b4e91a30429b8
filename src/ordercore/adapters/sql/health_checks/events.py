"""The only place for the checks of events: guarantee 6."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check

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
        + """ UNION ALL SELECT DISTINCT stream, stream_id, 'of products', 1, CAST(NULL AS INTEGER) FROM events
                WHERE stream = 'import'
            UNION ALL SELECT stream, stream_id, NULL, NULL, number FROM events) AS counted
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

"""The only place for the checks of events: guarantee 6."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check
from ordercore.ports.health import Verdict

_STREAMS = {
    "order": ("orders", "CAST(number AS TEXT)"),
    "product": ("products", "sku"),
    "customer": ("customers", "NULL"),
    "shipment": ("shipments", "tracking_number"),
    "admin": ("admin_users", "username"),
    "token": ("api_tokens", "name"),
    "work_item": ("work_items", "kind"),
    "subscription": ("subscriptions", "name"),
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
    Check(
        6,
        "event_positions",
        "in every stream positions rise with the numbers, and none is left out",
        """SELECT e.stream || ' ' || CAST(e.position AS TEXT), e.stream_id FROM events e
            JOIN events p ON p.stream = e.stream AND p.stream_id = e.stream_id AND p.number = e.number - 1
            WHERE e.position IS NOT NULL AND (p.position IS NULL OR p.position >= e.position)""",
    ),
    Check(
        6,
        "event_lanes",
        "what a subscriber has still to be told is there to be told",
        """SELECT l.stream, l.stream_id FROM event_lanes l LEFT JOIN events e
            ON e.stream = l.stream AND e.stream_id = l.stream_id AND e.number = l.last_number
            WHERE l.next_number > l.last_number OR e.position IS NULL""",
    ),
    Check(
        6,
        "event_backlog",
        "no event waits for its position longer than a day; `ordercore worker` gives them",
        "SELECT type, stream_id FROM events WHERE position IS NULL AND occurred_at < ?",
        verdict=Verdict.NOTE,
        takes_moment=True,
    ),
    Check(
        6,
        "delivery_backlog",
        "no subscriber that could be told waits longer than a day; `ordercore worker` tells them",
        """SELECT s.name FROM subscriptions s JOIN event_lanes l ON l.subscription_id = s.id
            WHERE s.status = 'active' AND l.due_at < ?""",
        verdict=Verdict.NOTE,
        takes_moment=True,
    ),
    Check(
        6,
        "dead_letters",
        "no event was given up for a subscriber that there is",
        """SELECT s.name FROM dead_letters d JOIN subscriptions s ON s.id = d.subscription_id
            WHERE d.status = 'dead' AND s.status <> 'removed'""",
        verdict=Verdict.NOTE,
    ),
)

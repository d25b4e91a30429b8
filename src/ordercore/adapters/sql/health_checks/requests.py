"""The only place for the checks of what is claimed once, requests and references: guarantee 5."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check
from ordercore.ports.health import Verdict

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

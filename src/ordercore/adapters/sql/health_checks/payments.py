"""The only place for the checks of payments and the ledger: guarantee 4."""

from __future__ import annotations

from ordercore.adapters.sql.health_checks.check import Check, orders_among, unbalanced
from ordercore.ports.health import Verdict

PAYMENTS = (
    Check(
        4,
        "payment_sums",
        "authorised, captured and refunded with what is pending keep their bounds for every payment",
        orders_among(
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
        orders_among(
            unbalanced(
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
        orders_among(
            unbalanced(
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
        orders_among(
            unbalanced(
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
        orders_among(
            unbalanced(
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
        orders_among(
            "SELECT order_id FROM payment_attempts WHERE finished_at IS NULL GROUP BY order_id HAVING COUNT(*) > 1"
        ),
    ),
    Check(
        4,
        "attempt_ends",
        "attempts have an end where they have a final answer, and nowhere else",
        orders_among(
            """SELECT order_id FROM payment_attempts
                WHERE (status IN ('succeeded', 'declined')) <> (finished_at IS NOT NULL)"""
        ),
    ),
    Check(
        4,
        "unknown_flag",
        "a payment is flagged unknown where the answer to an attempt never came, and nowhere else",
        orders_among(
            unbalanced(
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
        orders_among(
            """SELECT order_id FROM payments WHERE status <> CASE
                WHEN refunded_minor > 0 AND refunded_minor = captured_minor THEN 'refunded'
                WHEN refunded_minor > 0 THEN 'partially_refunded'
                WHEN captured_minor > 0 THEN 'captured' WHEN authorised_minor > 0 THEN 'authorised'
                WHEN amount_minor = 0 AND status = 'captured' THEN 'captured'
                WHEN status IN ('declined', 'voided') THEN status ELSE 'pending' END"""
        ),
    ),
)

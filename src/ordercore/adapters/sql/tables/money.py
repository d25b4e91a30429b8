"""The only place for the tables of payments, their attempts and the ledger."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, SmallInteger, UniqueConstraint

from ordercore.adapters.sql.tables.columns import (
    balance,
    blob,
    flag,
    key,
    minor,
    moment,
    partial_index,
    string,
    table,
    uuid,
)

payments = table(
    "payments",
    key("order_id", refers="orders.id"),
    uuid("id"),
    minor("amount_minor"),
    string("method"),
    string("status"),
    flag("is_external"),
    flag("is_unknown"),
    minor("authorised_minor"),
    minor("captured_minor"),
    minor("refunded_minor"),
    minor("authorise_pending_minor"),
    minor("capture_pending_minor"),
    minor("refund_pending_minor"),
    moment("changed_at"),
    moment("ordered_at"),
    balance("discrepancy_minor"),
    UniqueConstraint("id"),
    CheckConstraint(
        "authorise_pending_minor >= 0 AND capture_pending_minor >= 0 AND refund_pending_minor >= 0"
        " AND authorised_minor >= 0 AND captured_minor >= 0 AND refunded_minor >= 0"
        " AND authorised_minor + authorise_pending_minor <= amount_minor"
        " AND captured_minor + capture_pending_minor <= authorised_minor"
        " AND refunded_minor + refund_pending_minor <= captured_minor",
        name="sums",
    ),
    Index("ix_payments_status", "status", "ordered_at", "order_id"),
    partial_index("ix_payments_unknown", "ordered_at", "order_id", where="is_unknown"),
)

payment_attempts = table(
    "payment_attempts",
    key("order_id", refers="payments.order_id"),
    Column("position", SmallInteger, primary_key=True),
    uuid("id"),
    string("kind"),
    string("status"),
    minor("amount_minor"),
    blob("token", null=True),
    string("reference", null=True),
    string("decline_code", null=True),
    moment("started_at"),
    moment("finished_at", null=True),
    string("reported", null=True),
    partial_index("ix_payment_attempts_open", "started_at", "id", where="finished_at IS NULL"),
)

ledger_entries = table(
    "ledger_entries",
    key("order_id", refers="payments.order_id"),
    key(),
    string("kind"),
    minor("amount_minor"),
    moment("at"),
    uuid("attempt_id", null=True),
    CheckConstraint("amount_minor > 0 OR (kind = 'discrepancy' AND amount_minor <> 0)", name="amount"),
)

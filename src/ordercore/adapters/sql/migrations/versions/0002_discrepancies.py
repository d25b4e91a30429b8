"""Discrepancies: what a provider reports against our books is kept beside the sums, with a work item."""

import sqlalchemy as sa
from alembic import op

from ordercore.adapters.sql.column_types import Id, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AMOUNT = "amount_minor > 0 OR (kind = 'discrepancy' AND amount_minor <> 0)"


def upgrade() -> None:
    op.add_column(
        "payments", sa.Column("discrepancy_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("payment_attempts", sa.Column("reported", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_ledger_entries_amount"), "ledger_entries")
        op.create_check_constraint(op.f("ck_ledger_entries_amount"), "ledger_entries", AMOUNT)
    else:
        _make_ledger_anew()
    op.create_table(
        "work_items",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("payment_id", Id(), nullable=False),
        sa.Column("attempt_id", Id(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("settled_by", Id(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'settled') = (settled_at IS NOT NULL)", name=op.f("ck_work_items_settled")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_work_items_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_work_items_status", "work_items", ["status", "id"], unique=False)


def _make_ledger_anew() -> None:
    """SQLite changes no constraint: the entries move to a table of the same name. Nothing refers to them."""
    op.rename_table("ledger_entries", "ledger_entries_before")
    op.create_table(
        "ledger_entries",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("attempt_id", Id(), nullable=True),
        sa.CheckConstraint(AMOUNT, name=op.f("ck_ledger_entries_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["payments.order_id"], name=op.f("fk_ledger_entries_order_id")),
        sa.PrimaryKeyConstraint("order_id", "id", name=op.f("pk_ledger_entries")),
        sqlite_with_rowid=False,
    )
    columns = "order_id, id, kind, amount_minor, at, attempt_id"
    op.execute(f"INSERT INTO ledger_entries ({columns}) SELECT {columns} FROM ledger_entries_before")
    op.drop_table("ledger_entries_before")

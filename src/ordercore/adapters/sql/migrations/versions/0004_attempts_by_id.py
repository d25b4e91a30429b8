"""Attempts are found by their id: a provider's notification names nothing else of ours."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payment_attempts_id", "payment_attempts", ["id"], unique=True)

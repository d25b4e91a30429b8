"""The way out of events: positions, subscriptions, cursors and lanes, dead letters, the delivery log, leases."""

import sqlalchemy as sa
from alembic import op

from ordercore.adapters.sql.column_types import Id, Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_events_occurred_at", table_name="events")
    _partial("ix_events_unpositioned", "events", ["occurred_at", "stream", "stream_id", "number"], "position IS NULL")
    _partial("uq_events_position", "events", ["position"], "position IS NOT NULL", unique=True)
    op.create_table(
        "subscriptions",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("allows_private", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("name", name=op.f("uq_subscriptions_name")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_cursors",
        sa.Column("subscription_id", Id(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _of_subscription("event_cursors"),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_event_cursors")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_lanes",
        sa.Column("subscription_id", Id(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", Id(), nullable=False),
        sa.Column("again", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("token", Id(), nullable=True),
        _of_subscription("event_lanes"),
        sa.PrimaryKeyConstraint("subscription_id", "stream", "stream_id", "again", name=op.f("pk_event_lanes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_event_lanes_due", "event_lanes", ["subscription_id", "due_at"], unique=False)
    _partial("ix_event_lanes_failing", "event_lanes", ["subscription_id"], "tries > 0")
    op.create_table(
        "dead_letters",
        *_of_event("dead_letters"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("buried_at", Moment(), nullable=False),
        sa.Column("buried_by", Id(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.UniqueConstraint(
            "subscription_id", "stream", "stream_id", "number", name=op.f("uq_dead_letters_subscription_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dead_letters_subscription", "dead_letters", ["subscription_id", "id"], unique=False)
    _partial("ix_dead_letters_dead", "dead_letters", ["id"], "status = 'dead'")
    op.create_table(
        "deliveries",
        *_of_event("deliveries"),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("number_of_try", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deliveries_subscription", "deliveries", ["subscription_id", "id"], unique=False)
    op.create_index("ix_deliveries_at", "deliveries", ["at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("token", Id(), nullable=True),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("ran_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        sqlite_with_rowid=False,
    )


def _of_event(table: str) -> list[sa.schema.SchemaItem]:
    """What a row about one subscription and one event starts with."""
    return [
        sa.Column("id", Id(), nullable=False),
        sa.Column("subscription_id", Id(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _of_subscription(table),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _of_subscription(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name=op.f(f"fk_{table}_subscription_id"))


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))

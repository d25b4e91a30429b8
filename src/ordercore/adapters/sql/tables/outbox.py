"""The only place for the tables of the way out: subscriptions, cursors, lanes, dead letters, the log, leases."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint

from ordercore.adapters.sql.tables.columns import (
    blob,
    count,
    flag,
    key,
    moment,
    partial_index,
    string,
    table,
    uuid,
    versioned,
)

subscriptions = table(
    "subscriptions",
    key(),
    string("name"),
    string("kind"),
    blob("sealed"),
    string("types"),
    flag("allows_private"),
    string("status"),
    moment("added_at"),
    *versioned(),
    UniqueConstraint("name"),
)

event_cursors = table(
    "event_cursors",
    key("subscription_id", refers="subscriptions.id"),
    Column("position", BigInteger, nullable=False),
)

event_lanes = table(
    "event_lanes",
    key("subscription_id", refers="subscriptions.id"),
    Column("stream", Text, primary_key=True),
    key("stream_id"),
    Column("again", Integer, primary_key=True, autoincrement=False),
    count("next_number"),
    count("last_number"),
    count("tries"),
    moment("due_at"),
    uuid("token", null=True),
    Index("ix_event_lanes_due", "subscription_id", "due_at"),
    partial_index("ix_event_lanes_failing", "subscription_id", where="tries > 0"),
)

dead_letters = table(
    "dead_letters",
    key(),
    uuid("subscription_id", refers="subscriptions.id"),
    string("stream"),
    uuid("stream_id"),
    count("number"),
    string("type"),
    Column("position", BigInteger, nullable=False),
    string("reason"),
    count("tries"),
    moment("buried_at"),
    uuid("buried_by"),
    string("status"),
    UniqueConstraint("subscription_id", "stream", "stream_id", "number"),
    Index("ix_dead_letters_subscription", "subscription_id", "id"),
    partial_index("ix_dead_letters_dead", "id", where="status = 'dead'"),
)

deliveries = table(
    "deliveries",
    key(),
    uuid("subscription_id", refers="subscriptions.id"),
    string("stream"),
    uuid("stream_id"),
    count("number"),
    string("type"),
    Column("position", BigInteger, nullable=False),
    moment("at"),
    string("answer"),
    Column("status", Integer, nullable=True),
    string("detail"),
    count("number_of_try"),
    Index("ix_deliveries_subscription", "subscription_id", "id"),
    Index("ix_deliveries_at", "at"),
)

leases = table(
    "leases",
    Column("name", Text, primary_key=True),
    string("holder", null=True),
    uuid("token", null=True),
    moment("until", null=True),
    moment("ran_at", null=True),
)

"""The only place for the tables of the store itself: facts about it, requests, events."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Text

from ordercore.adapters.sql.tables.columns import blob, key, moment, partial_index, string, table, uuid

meta = table("meta", Column("name", Text, primary_key=True), blob("value"))
"""Facts of this store itself, such as the key of its digests."""

requests = table(
    "requests",
    key("actor_id"),
    Column("key", Text, primary_key=True),
    string("operation"),
    blob("fingerprint"),
    uuid("resource_id"),
    string("outcome", null=True),
    moment("claimed_at"),
    moment("finished_at", null=True),
    partial_index("ix_requests_unfinished", "resource_id", "operation", where="outcome IS NULL"),
    partial_index("ix_requests_finished_at", "finished_at", where="finished_at IS NOT NULL"),
)

events = table(
    "events",
    Column("stream", Text, primary_key=True),
    key("stream_id"),
    Column("number", Integer, primary_key=True),
    string("type"),
    moment("occurred_at"),
    uuid("actor_id"),
    string("payload"),
    Column("position", BigInteger, nullable=True),
    partial_index("ix_events_unpositioned", "occurred_at", "stream", "stream_id", "number", where="position IS NULL"),
    partial_index("uq_events_position", "position", unique=True, where="position IS NOT NULL"),
)

"""The only place for the tables of who buys and who works here: customers, admin users, tokens."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint

from ordercore.adapters.sql.tables.columns import blob, flag, key, moment, partial_index, string, table, versioned

customers = table(
    "customers",
    key(),
    blob("personal"),
    blob("email_index"),
    blob("phone_index", null=True),
    blob("wrapped_key", null=True),
    string("locale"),
    flag("is_guest"),
    moment("registered_at"),
    *versioned(),
    partial_index("uq_customers_guest_email", "email_index", unique=True, where="is_guest"),
    Index("ix_customers_email_index", "email_index", "id"),
    Index("ix_customers_phone_index", "phone_index", "id"),
)

admin_users = table(
    "admin_users",
    key(),
    string("username"),
    string("role"),
    flag("is_active"),
    string("password_hash", null=True),
    moment("added_at"),
    *versioned(),
    UniqueConstraint("username"),
)

api_tokens = table(
    "api_tokens",
    key(),
    string("name"),
    blob("secret_hash"),
    string("permissions"),
    flag("is_revoked"),
    moment("created_at"),
    *versioned(),
)

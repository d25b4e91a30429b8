"""The order path: customers, products with stock, orders with payments, shipments, admin users, requests, events."""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from ordercore.adapters.sql.column_types import Id, Moment
from ordercore.domain.admin import STORE_ADMIN
from ordercore.domain.product import DEFAULT_LOCATION

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("order_numbers", start=1001)))
    op.create_table(
        "admin_users",
        sa.Column("id", Id(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_users")),
        sa.UniqueConstraint("username", name=op.f("uq_admin_users_username")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customers",
        sa.Column("id", Id(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("registered_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_customers_email_index", "customers", ["email_index", "id"], unique=False)
    op.create_index("ix_customers_phone_index", "customers", ["phone_index", "id"], unique=False)
    op.create_index(
        "uq_customers_guest_email",
        "customers",
        ["email_index"],
        unique=True,
        sqlite_where=sa.text("is_guest"),
        postgresql_where=sa.text("is_guest"),
    )
    op.create_table(
        "events",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("stream_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", Moment(), nullable=False),
        sa.Column("actor_id", Id(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("stream", "stream_id", "number", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_events_occurred_at", "events", ["occurred_at", "stream", "stream_id", "number"], unique=False)
    op.create_table(
        "locations",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_references",
        sa.Column("placed_by", Id(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("placed_by", "reference", name=op.f("pk_order_references")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "products",
        sa.Column("id", Id(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("weight_grams", sa.Integer(), nullable=True),
        sa.Column("low_stock_threshold", sa.Integer(), nullable=True),
        sa.Column("is_low", sa.Boolean(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_products_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_products_category", "products", ["category", "sku"], unique=False)
    op.create_index(
        "ix_products_low",
        "products",
        ["sku"],
        unique=False,
        sqlite_where=sa.text("is_low"),
        postgresql_where=sa.text("is_low"),
    )
    op.create_table(
        "requests",
        sa.Column("actor_id", Id(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("resource_id", Id(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("claimed_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("actor_id", "key", name=op.f("pk_requests")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_requests_finished_at",
        "requests",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_requests_unfinished",
        "requests",
        ["resource_id", "operation"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "orders",
        sa.Column("id", Id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", Id(), nullable=False),
        sa.Column("manager_id", Id(), nullable=False),
        sa.Column("placed_by", Id(), nullable=False),
        sa.Column("external_reference", sa.Text(), nullable=True),
        sa.Column("ordered_at", Moment(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("on_decline", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("adjustment_count", sa.Integer(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_orders_total")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id")),
        sa.ForeignKeyConstraint(["manager_id"], ["admin_users.id"], name=op.f("fk_orders_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_orders_customer", "orders", ["customer_id", "ordered_at", "id"], unique=False)
    op.create_index(
        "ix_orders_expires_at",
        "orders",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_external_reference",
        "orders",
        ["external_reference", "ordered_at", "id"],
        unique=False,
        sqlite_where=sa.text("external_reference IS NOT NULL"),
        postgresql_where=sa.text("external_reference IS NOT NULL"),
    )
    op.create_index("ix_orders_manager", "orders", ["manager_id", "ordered_at", "id"], unique=False)
    op.create_index("ix_orders_ordered_at", "orders", ["ordered_at", "id"], unique=False)
    op.create_index("ix_orders_status", "orders", ["status", "ordered_at", "id"], unique=False)
    op.create_table(
        "stock",
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("location_id", Id(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= reserved AND reserved <= on_hand", name=op.f("ck_stock_levels")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_stock_location_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_product_id")),
        sa.PrimaryKeyConstraint("product_id", "location_id", name=op.f("pk_stock")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_movements",
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("location_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor_id", Id(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", Id(), nullable=True),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_movements_quantity")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_stock_movements_location_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_movements_product_id")),
        sa.PrimaryKeyConstraint("product_id", "number", name=op.f("pk_stock_movements")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "adjustments",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("item_id", Id(), nullable=True),
        sa.Column("is_tax_included", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_adjustments_order_id")),
        sa.PrimaryKeyConstraint("order_id", "id", name=op.f("pk_adjustments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_items",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("line_total_minor", sa.BigInteger(), nullable=False),
        sa.Column("quantity_claimed", sa.Integer(), nullable=False),
        sa.Column("quantity_cancelled", sa.Integer(), nullable=False),
        sa.Column("quantity_shipped", sa.Integer(), nullable=False),
        sa.Column("quantity_delivered", sa.Integer(), nullable=False),
        sa.Column("quantity_returned", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_items_quantity")),
        sa.CheckConstraint(
            "quantity_claimed >= 0 AND quantity_cancelled >= 0 AND quantity_shipped >= 0"
            " AND quantity_shipped + quantity_claimed + quantity_cancelled <= quantity"
            " AND quantity_delivered BETWEEN 0 AND quantity_shipped AND quantity_returned BETWEEN 0"
            " AND quantity_shipped",
            name=op.f("ck_order_items_quantities"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_items_order_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_items_product_id")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_order_items")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payments",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("is_unknown", sa.Boolean(), nullable=False),
        sa.Column("authorised_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorise_pending_minor", sa.BigInteger(), nullable=False),
        sa.Column("capture_pending_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_pending_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("ordered_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "authorise_pending_minor >= 0 AND capture_pending_minor >= 0 AND refund_pending_minor >= 0"
            " AND authorised_minor >= 0 AND captured_minor >= 0 AND refunded_minor >= 0"
            " AND authorised_minor + authorise_pending_minor <= amount_minor"
            " AND captured_minor + capture_pending_minor <= authorised_minor"
            " AND refunded_minor + refund_pending_minor <= captured_minor",
            name=op.f("ck_payments_sums"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_payments")),
        sa.UniqueConstraint("id", name=op.f("uq_payments_id")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_payments_status", "payments", ["status", "ordered_at", "order_id"], unique=False)
    op.create_index(
        "ix_payments_unknown",
        "payments",
        ["ordered_at", "order_id"],
        unique=False,
        sqlite_where=sa.text("is_unknown"),
        postgresql_where=sa.text("is_unknown"),
    )
    op.create_table(
        "shipments",
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("label", sa.LargeBinary(), nullable=True),
        sa.Column("label_media_type", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shipments_order", "shipments", ["order_id", "id"], unique=False)
    op.create_index("ix_shipments_status", "shipments", ["status", "id"], unique=False)
    op.create_table(
        "allocations",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("location_id", Id(), nullable=False),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_allocations_quantity")),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name=op.f("fk_allocations_location_id")),
        sa.ForeignKeyConstraint(
            ["order_id", "position"],
            ["order_items.order_id", "order_items.position"],
            name=op.f("fk_allocations_order_id"),
        ),
        sa.PrimaryKeyConstraint("order_id", "position", "location_id", name=op.f("pk_allocations")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_allocations_product", "allocations", ["product_id", "location_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("attempt_id", Id(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_ledger_entries_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["payments.order_id"], name=op.f("fk_ledger_entries_order_id")),
        sa.PrimaryKeyConstraint("order_id", "id", name=op.f("pk_ledger_entries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payment_attempts",
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("decline_code", sa.Text(), nullable=True),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["payments.order_id"], name=op.f("fk_payment_attempts_order_id")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_payment_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_payment_attempts_open",
        "payment_attempts",
        ["started_at", "id"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", Id(), nullable=False),
        sa.Column("order_item_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_lines_shipment_id")),
        sa.PrimaryKeyConstraint("shipment_id", "order_item_id", name=op.f("pk_shipment_lines")),
        sqlite_with_rowid=False,
    )

    _seed()


def _seed() -> None:
    """What every store is born with: a key for its digests, one location, one admin user that cannot log in."""
    meta = sa.table("meta", sa.column("name", sa.Text), sa.column("value", sa.LargeBinary))
    op.bulk_insert(meta, [{"name": "digest_key", "value": secrets.token_bytes(32)}])
    locations = sa.table("locations", sa.column("id", Id), sa.column("name", sa.Text))
    op.bulk_insert(locations, [{"id": DEFAULT_LOCATION, "name": "default"}])
    admins = sa.table(
        "admin_users",
        sa.column("id", Id),
        sa.column("username", sa.Text),
        sa.column("role", sa.Text),
        sa.column("is_active", sa.Boolean),
        sa.column("added_at", Moment),
        sa.column("version", sa.Integer),
        sa.column("event_count", sa.Integer),
    )
    shop = {
        "id": STORE_ADMIN,
        "username": "shop",
        "role": "owner",
        "is_active": True,
        "added_at": datetime.now(UTC),
        "version": 1,
        "event_count": 0,
    }
    op.bulk_insert(admins, [shop])

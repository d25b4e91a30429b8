"""The only place for the tables: what is kept, and what the database itself refuses.

Migrations create these; a test fails where the two differ. Ids are uuid (16 bytes on SQLite), times timestamptz
(integer microseconds since 1970 UTC on SQLite), money bigint minor units, personal data one sealed column a row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time."""
    return EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time with microseconds."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = TIMESTAMP(timezone=True) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else from_micros(value)


class Id(TypeDecorator[UUID]):
    """A uuid: native on PostgreSQL, 16 bytes on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Uuid() if dialect.name == "postgresql" else LargeBinary(16)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return value if value is None or dialect.name == "postgresql" else UUID(bytes=value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


order_numbers = Sequence("order_numbers", start=1001, metadata=metadata)
"""Order numbers on PostgreSQL; SQLite counts on from the latest."""


def _table(name: str, *parts: Any) -> Table:
    """A table clustered by its key, on SQLite too: rows of one order lie together."""
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def _id(name: str, *refers: ForeignKey, null: bool = False) -> Column[UUID]:
    return Column(name, Id, *refers, nullable=null)


def _key(name: str = "id") -> Column[UUID]:
    return Column(name, Id, primary_key=True)


def _count(name: str, default: int | None = None) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=None if default is None else str(default))


def _minor(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _moment(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=null)


def _versioned() -> tuple[Column[Any], Column[Any]]:
    return _count("version"), _count("event_count")


meta = _table("meta", Column("name", Text, primary_key=True), Column("value", LargeBinary, nullable=False))
"""Facts of this store itself, such as the key of its digests."""

customers = _table(
    "customers",
    _key(),
    Column("personal", LargeBinary, nullable=False),
    Column("email_index", LargeBinary, nullable=False),
    Column("phone_index", LargeBinary, nullable=True),
    Column("wrapped_key", LargeBinary, nullable=True),
    _text("locale"),
    _flag("is_guest"),
    _moment("registered_at"),
    *_versioned(),
    Index(
        "uq_customers_guest_email",
        "email_index",
        unique=True,
        sqlite_where=text("is_guest"),
        postgresql_where=text("is_guest"),
    ),
    Index("ix_customers_email_index", "email_index", "id"),
    Index("ix_customers_phone_index", "phone_index", "id"),
)

admin_users = _table(
    "admin_users",
    _key(),
    _text("username"),
    _text("role"),
    _flag("is_active"),
    _text("password_hash", null=True),
    _moment("added_at"),
    *_versioned(),
    UniqueConstraint("username"),
)

api_tokens = _table(
    "api_tokens",
    _key(),
    _text("name"),
    Column("secret_hash", LargeBinary, nullable=False),
    _text("permissions"),
    _flag("is_revoked"),
    _moment("created_at"),
    *_versioned(),
)

locations = _table("locations", _key(), _text("name"))

products = _table(
    "products",
    _key(),
    _text("sku"),
    _text("name"),
    _text("description"),
    _minor("price_minor"),
    _text("currency"),
    _text("category", null=True),
    Column("weight_grams", Integer, nullable=True),
    Column("low_stock_threshold", Integer, nullable=True),
    _flag("is_low"),
    _flag("is_archived"),
    _moment("added_at"),
    *_versioned(),
    CheckConstraint("price_minor >= 0", name="price"),
    UniqueConstraint("sku"),
    Index("ix_products_low", "sku", sqlite_where=text("is_low"), postgresql_where=text("is_low")),
    Index("ix_products_category", "category", "sku"),
)

stock = _table(
    "stock",
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True),
    Column("location_id", Id, ForeignKey("locations.id"), primary_key=True),
    _count("on_hand"),
    _count("reserved"),
    CheckConstraint("0 <= reserved AND reserved <= on_hand", name="levels"),
)

stock_movements = _table(
    "stock_movements",
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    _id("location_id", ForeignKey("locations.id")),
    _count("quantity"),
    _text("kind"),
    _moment("at"),
    _id("actor_id"),
    _text("reason", null=True),
    _id("reference", null=True),
    CheckConstraint("quantity <> 0", name="quantity"),
)

orders = _table(
    "orders",
    _key(),
    Column("number", BigInteger, nullable=False),
    _id("customer_id", ForeignKey("customers.id")),
    _id("manager_id", ForeignKey("admin_users.id")),
    _id("placed_by"),
    _text("external_reference", null=True),
    _moment("ordered_at"),
    _text("status"),
    _text("cancel_reason", null=True),
    _text("on_decline"),
    _moment("expires_at", null=True),
    _text("currency"),
    _minor("total_minor"),
    _count("item_count"),
    _count("adjustment_count"),
    Column("personal", LargeBinary, nullable=False),
    *_versioned(),
    CheckConstraint("total_minor >= 0", name="total"),
    UniqueConstraint("number"),
    Index("ix_orders_ordered_at", "ordered_at", "id"),
    Index("ix_orders_customer", "customer_id", "ordered_at", "id"),
    Index("ix_orders_status", "status", "ordered_at", "id"),
    Index("ix_orders_manager", "manager_id", "ordered_at", "id"),
    Index(
        "ix_orders_external_reference",
        "external_reference",
        "ordered_at",
        "id",
        sqlite_where=text("external_reference IS NOT NULL"),
        postgresql_where=text("external_reference IS NOT NULL"),
    ),
    Index(
        "ix_orders_expires_at",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
)

order_references = _table(
    "order_references",
    Column("placed_by", Id, primary_key=True),
    Column("reference", Text, primary_key=True),
    _id("order_id"),
)

order_items = _table(
    "order_items",
    Column("order_id", Id, ForeignKey("orders.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    _id("id"),
    _id("product_id", ForeignKey("products.id")),
    _text("sku"),
    _text("name"),
    _minor("unit_price_minor"),
    _count("quantity"),
    _minor("line_total_minor"),
    _count("quantity_claimed"),
    _count("quantity_cancelled"),
    _count("quantity_shipped"),
    _count("quantity_delivered"),
    _count("quantity_returned"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint(
        "quantity_claimed >= 0 AND quantity_cancelled >= 0 AND quantity_shipped >= 0"
        " AND quantity_shipped + quantity_claimed + quantity_cancelled <= quantity"
        " AND quantity_delivered BETWEEN 0 AND quantity_shipped"
        " AND quantity_returned BETWEEN 0 AND quantity_shipped",
        name="quantities",
    ),
)

allocations = _table(
    "allocations",
    Column("order_id", Id, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("location_id", Id, ForeignKey("locations.id"), primary_key=True),
    _id("product_id"),
    _count("quantity"),
    CheckConstraint("quantity > 0", name="quantity"),
    ForeignKeyConstraint(["order_id", "position"], ["order_items.order_id", "order_items.position"]),
    Index("ix_allocations_product", "product_id", "location_id"),
)

adjustments = _table(
    "adjustments",
    Column("order_id", Id, ForeignKey("orders.id"), primary_key=True),
    _key(),
    _text("kind"),
    _text("label"),
    _minor("amount_minor"),
    _id("item_id", null=True),
    _flag("is_tax_included"),
)

payments = _table(
    "payments",
    Column("order_id", Id, ForeignKey("orders.id"), primary_key=True),
    _id("id"),
    _minor("amount_minor"),
    _text("method"),
    _text("status"),
    _flag("is_external"),
    _flag("is_unknown"),
    _minor("authorised_minor"),
    _minor("captured_minor"),
    _minor("refunded_minor"),
    _minor("authorise_pending_minor"),
    _minor("capture_pending_minor"),
    _minor("refund_pending_minor"),
    _moment("changed_at"),
    _moment("ordered_at"),
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
    Index(
        "ix_payments_unknown",
        "ordered_at",
        "order_id",
        sqlite_where=text("is_unknown"),
        postgresql_where=text("is_unknown"),
    ),
)

payment_attempts = _table(
    "payment_attempts",
    Column("order_id", Id, ForeignKey("payments.order_id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    _id("id"),
    _text("kind"),
    _text("status"),
    _minor("amount_minor"),
    Column("token", LargeBinary, nullable=True),
    _text("reference", null=True),
    _text("decline_code", null=True),
    _moment("started_at"),
    _moment("finished_at", null=True),
    Index(
        "ix_payment_attempts_open",
        "started_at",
        "id",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)

ledger_entries = _table(
    "ledger_entries",
    Column("order_id", Id, ForeignKey("payments.order_id"), primary_key=True),
    _key(),
    _text("kind"),
    _minor("amount_minor"),
    _moment("at"),
    _id("attempt_id", null=True),
    CheckConstraint("amount_minor > 0", name="amount"),
)

shipments = _table(
    "shipments",
    _key(),
    _id("order_id", ForeignKey("orders.id")),
    _text("status"),
    _text("carrier", null=True),
    _text("tracking_number", null=True),
    Column("label", LargeBinary, nullable=True),
    _text("label_media_type", null=True),
    _text("failure", null=True),
    _moment("started_at"),
    *_versioned(),
    Index("ix_shipments_order", "order_id", "id"),
    Index("ix_shipments_status", "status", "id"),
)

shipment_lines = _table(
    "shipment_lines",
    Column("shipment_id", Id, ForeignKey("shipments.id"), primary_key=True),
    Column("order_item_id", Id, primary_key=True),
    _count("quantity"),
    CheckConstraint("quantity > 0", name="quantity"),
)

requests = _table(
    "requests",
    Column("actor_id", Id, primary_key=True),
    Column("key", Text, primary_key=True),
    _text("operation"),
    Column("fingerprint", LargeBinary, nullable=False),
    _id("resource_id"),
    _text("outcome", null=True),
    _moment("claimed_at"),
    _moment("finished_at", null=True),
    Index(
        "ix_requests_unfinished",
        "resource_id",
        "operation",
        sqlite_where=text("outcome IS NULL"),
        postgresql_where=text("outcome IS NULL"),
    ),
    Index(
        "ix_requests_finished_at",
        "finished_at",
        sqlite_where=text("finished_at IS NOT NULL"),
        postgresql_where=text("finished_at IS NOT NULL"),
    ),
)

events = _table(
    "events",
    Column("stream", Text, primary_key=True),
    Column("stream_id", Id, primary_key=True),
    Column("number", Integer, primary_key=True),
    _text("type"),
    _moment("occurred_at"),
    _id("actor_id"),
    _text("payload"),
    Column("position", BigInteger, nullable=True),
    Index("ix_events_occurred_at", "occurred_at", "stream", "stream_id", "number"),
)

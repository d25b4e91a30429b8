"""The only place for the tables of what is sold and how much of it there is."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, UniqueConstraint

from ordercore.adapters.sql.tables.columns import (
    count,
    flag,
    key,
    minor,
    moment,
    partial_index,
    string,
    table,
    uuid,
    versioned,
)

locations = table("locations", key(), string("name"))

products = table(
    "products",
    key(),
    string("sku"),
    string("name"),
    string("description"),
    minor("price_minor"),
    string("currency"),
    string("category", null=True),
    Column("weight_grams", Integer, nullable=True),
    Column("low_stock_threshold", Integer, nullable=True),
    flag("is_low"),
    flag("is_archived"),
    moment("added_at"),
    *versioned(),
    CheckConstraint("price_minor >= 0", name="price"),
    UniqueConstraint("sku"),
    partial_index("ix_products_low", "sku", where="is_low"),
    Index("ix_products_category", "category", "sku"),
)

stock = table(
    "stock",
    key("product_id", refers="products.id"),
    key("location_id", refers="locations.id"),
    count("on_hand"),
    count("reserved"),
    CheckConstraint("0 <= reserved AND reserved <= on_hand", name="levels"),
)

stock_movements = table(
    "stock_movements",
    key("product_id", refers="products.id"),
    Column("number", Integer, primary_key=True),
    uuid("location_id", refers="locations.id"),
    count("quantity"),
    string("kind"),
    moment("at"),
    uuid("actor_id"),
    string("reason", null=True),
    uuid("reference", null=True),
    CheckConstraint("quantity <> 0", name="quantity"),
)

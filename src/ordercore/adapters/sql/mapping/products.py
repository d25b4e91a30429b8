"""The only place where products become rows and rows products, with their stock and its movements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.money import Money
from ordercore.domain.product import Product, ProductAdded, StockLevel, StockMoved


def product_row(wire: Wire, product: Product) -> Row:
    """A product for its table."""
    return (
        wire.id(product.id),
        product.sku,
        product.name,
        product.description,
        product.price.amount_minor,
        product.price.currency,
        product.category,
        product.weight_grams,
        product.low_stock_threshold,
        int(product.is_low),
        int(product.is_archived),
        wire.moment(product.added_at),
        product.version,
        product.event_count + len(product.facts),
    )


def product_of(wire: Wire, row: Row, levels: tuple[StockLevel, ...]) -> Product:
    """A product from its row and its levels."""
    (
        id,
        sku,
        name,
        description,
        price_minor,
        currency,
        category,
        weight_grams,
        low_stock_threshold,
        is_low,
        is_archived,
        added_at,
        version,
        event_count,
    ) = row
    return Product(
        id=wire.to_id(id),
        sku=sku,
        name=name,
        description=description,
        price=Money(price_minor, currency),
        category=category,
        weight_grams=weight_grams,
        low_stock_threshold=low_stock_threshold,
        is_low=bool(is_low),
        is_archived=bool(is_archived),
        added_at=wire.to_moment(added_at),
        levels=levels,
        version=version,
        event_count=event_count,
    )


def levels_of(wire: Wire, rows: Iterable[Row]) -> dict[Any, tuple[StockLevel, ...]]:
    """Stock levels by the product's id on the wire, from (product_id, location_id, on_hand, reserved)."""
    levels: dict[Any, tuple[StockLevel, ...]] = {}
    for product_id, location_id, on_hand, reserved in rows:
        level = StockLevel(location_id=wire.to_id(location_id), on_hand=on_hand, reserved=reserved)
        levels[product_id] = (*levels.get(product_id, ()), level)
    return levels


def movement_rows(wire: Wire, product: Product) -> Iterable[Row]:
    """The movements of a product's new facts; each has the number of the event that tells of it."""
    numbers = (
        product.event_count + index
        for index, fact in enumerate(product.facts, start=1)
        if isinstance(fact, StockMoved | ProductAdded)
    )
    for number, movement in zip(numbers, product.movements, strict=False):
        yield (
            wire.id(product.id),
            number,
            wire.id(movement.location_id),
            movement.quantity,
            movement.kind._value_,
            wire.moment(movement.at),
            wire.id(movement.actor_id),
            movement.reason,
            None if movement.reference is None else wire.id(movement.reference),
        )

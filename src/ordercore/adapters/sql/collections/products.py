"""The only place that holds and saves products with their stock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.collections.collection import SqlCollection
from ordercore.adapters.sql.collections.names import claim_named
from ordercore.adapters.sql.mapping.columns import columns, columns_but_id
from ordercore.adapters.sql.mapping.products import levels_of, movement_rows, product_of, product_row
from ordercore.adapters.sql.wire import Row, Wire
from ordercore.domain.product import Product


class SqlProducts(SqlCollection[Product]):
    """Products with their stock; the lock is that of the stock rows, the product is read after it is held."""

    table = tables.products
    kind = "products"

    def ids_of(self, skus: Iterable[str]) -> Mapping[str, UUID]:
        """Ids by sku, unlocked."""
        rows = self._wire.rows(self.table, "sku, id", set(skus), by="sku")
        return {sku: self._wire.to_id(id) for sku, id in rows}

    def claim_skus(self, products: Sequence[Product]) -> Mapping[str, UUID]:
        """Make products whose sku is free; answers the taken ones."""
        self._work.locks.note("skus", [product.sku for product in products])
        taken = claim_named(self._wire, self.table, "sku", {one.sku: self._row(one) for one in products})
        new = [product for product in products if product.sku not in taken]
        self._wire.insert(tables.stock, [row for product in new for row in self._level_rows(product)])
        for product in new:
            self._saved[product.id] = self._held[product.id] = product
        return taken

    def flush(self) -> None:
        """Send levels that changed, products whose own columns changed, and movements."""
        levels: list[Row] = []
        changed: list[Row] = []
        movements: list[Row] = []
        for id, product in self._saved.items():
            held = self._held[id]
            movements += movement_rows(self._wire, product)
            if product is not held:
                levels += [(row[2], row[3], row[0], row[1]) for row in self._level_rows(product)]
                if product.facts or product.version != held.version:
                    row = self._row(product)
                    changed.append((*row[1:], row[0]))
        self._wire.update(tables.stock, ("on_hand", "reserved"), ("product_id", "location_id"), levels)
        self._wire.update(self.table, columns_but_id(self.table), ("id",), changed)
        self._wire.insert(tables.stock_movements, movements)

    def _read(self, keys: Sequence[Any], *, lock: bool) -> dict[UUID, Product]:
        return read_products(self._wire, keys, lock=lock)

    def _row(self, each: Product) -> Row:
        return product_row(self._wire, each)

    def _level_rows(self, product: Product) -> Iterable[Row]:
        for level in product.levels:
            yield (self._wire.id(product.id), self._wire.id(level.location_id), level.on_hand, level.reserved)


def read_products(wire: Wire, keys: Sequence[Any], *, lock: bool = False) -> dict[UUID, Product]:
    """Products by their ids on the wire: the lock on their stock first, then what they are."""
    locked = wire.rows(
        tables.stock,
        "product_id, location_id, on_hand, reserved",
        keys,
        by="product_id",
        order="product_id, location_id",
        lock=lock,
    )
    levels = levels_of(wire, locked)
    rows = wire.rows(tables.products, columns(tables.products), keys)
    products = (product_of(wire, row, levels[row[0]]) for row in rows if row[0] in levels)
    return {product.id: product for product in products}

from __future__ import annotations

from attrs import evolve
from hypothesis import given

from ordercore.adapters.sql import tables
from ordercore.adapters.sql.mapping.products import levels_of, movement_rows, product_of, product_row
from ordercore.domain.product import MovementKind, Product
from ordercore.testing import strategies
from tests.unit.adapters.sql.mapping.stored import WIRES, as_stored, saved


@given(product=strategies.products())
def test_a_product_comes_back_with_its_levels(product: Product) -> None:
    for wire in WIRES:
        row = as_stored(tables.products, product_row(wire, product))
        levels = levels_of(
            wire,
            [
                (wire.id(product.id), wire.id(level.location_id), level.on_hand, level.reserved)
                for level in product.levels
            ],
        )
        assert product_of(wire, row, levels[row[0]]) == evolve(saved(product), movements=())


@given(product=strategies.products())
def test_movements_sum_up_to_what_is_on_hand_and_are_numbered_by_their_events(product: Product) -> None:
    for wire in WIRES:
        rows = [
            dict(zip(tables.stock_movements.columns.keys(), row, strict=True)) for row in movement_rows(wire, product)
        ]
        assert sum(row["quantity"] for row in rows) == sum(level.on_hand for level in product.levels)
        numbers = [row["number"] for row in rows]
        assert numbers == sorted(set(numbers))
        assert set(numbers) <= set(range(1, len(product.facts) + 1))
        assert [MovementKind(row["kind"]) for row in rows] == [each.kind for each in product.movements]

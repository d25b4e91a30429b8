from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ordercore.domain.errors import OutOfStock, TransitionRefused
from ordercore.domain.product import (
    DEFAULT_LOCATION,
    LowStockClosed,
    LowStockOpened,
    MovementKind,
    Product,
    ProductAdded,
    ProductArchived,
    ProductEdited,
    StockLevel,
    StockMoved,
)
from tests.support.domain import ACTOR, LATER, MUG, NOON, SHIPMENT, a_product, euros, facts_of_step


def reserve(product: Product, quantity: int) -> Product:
    return product.reserve(quantity, at=LATER, actor_id=ACTOR)


def release(product: Product, quantity: int) -> Product:
    return product.release(quantity, at=LATER, actor_id=ACTOR)


def consume(product: Product, quantity: int) -> Product:
    return product.consume(quantity, at=LATER, actor_id=ACTOR, shipment_id=SHIPMENT)


def receive(product: Product, quantity: int) -> Product:
    return product.receive(quantity, at=LATER, actor_id=ACTOR, reason="delivery")


def adjust(product: Product, change: int) -> Product:
    return product.adjust(change, at=LATER, actor_id=ACTOR, reason="counted")


def archive(product: Product) -> Product:
    return product.archive(at=LATER, actor_id=ACTOR)


def edit(product: Product, **changes: Any) -> Product:
    details: dict[str, Any] = {
        name: getattr(product, name)
        for name in ("name", "description", "price", "category", "weight_grams", "low_stock_threshold")
    }
    return product.edit(**{**details, **changes}, at=LATER, actor_id=ACTOR)


def levels(product: Product) -> tuple[int, int, int]:
    return product.on_hand, product.reserved, product.available


# -- the catalogue --------------------------------------------------------------------------------------------------


def test_a_new_product_tells_of_itself_and_moves_its_first_stock() -> None:
    product = added(quantity=10)
    (fact,) = product.facts
    assert isinstance(fact, ProductAdded)
    assert (fact.sku, fact.price_minor, fact.currency, fact.on_hand) == ("MUG", 250, "EUR", 10)
    (movement,) = product.movements
    assert (movement.quantity, movement.kind, movement.location_id) == (10, MovementKind.INITIAL, DEFAULT_LOCATION)
    assert (levels(product), product.version) == ((10, 0, 10), 1)


def test_a_new_product_without_stock_moves_nothing() -> None:
    assert added(quantity=0).movements == ()


def added(*, quantity: int, threshold: int | None = None) -> Product:
    return Product.add(
        id=MUG,
        sku="MUG",
        name="Mug",
        description="",
        price=euros("2.50"),
        category="Kitchen",
        weight_grams=300,
        low_stock_threshold=threshold,
        quantity=quantity,
        at=NOON,
        actor_id=ACTOR,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Cup"},
        {"description": "Blue"},
        {"price": euros("3.00")},
        {"category": "Kitchen"},
        {"weight_grams": 300},
        {"low_stock_threshold": 2},
    ],
)
def test_an_edit_tells_what_changed(change: dict[str, Any]) -> None:
    product = a_product()
    assert facts_of_step(product, lambda: edit(product, **change)) == (ProductEdited,)
    after = edit(product, **change)
    (fact,) = after.facts
    assert isinstance(fact, ProductEdited)
    assert fact.changed == tuple(change)
    assert {name: getattr(after, name) for name in change} == change


def test_an_edit_that_changes_nothing_is_no_edit() -> None:
    product = a_product()
    assert edit(product) is product


def test_an_archived_product_tells_of_it_and_is_neither_edited_nor_archived_again() -> None:
    product = a_product()
    assert facts_of_step(product, lambda: archive(product)) == (ProductArchived,)
    gone = archive(product)
    assert gone.is_archived
    with pytest.raises(TransitionRefused, match="This product is archived; it cannot be edited"):
        edit(gone, name="Cup")
    with pytest.raises(TransitionRefused, match="it cannot be archived"):
        archive(gone)


# -- stock ----------------------------------------------------------------------------------------------------------


def test_reserved_pieces_are_no_longer_available_and_come_back_when_released() -> None:
    reserved = reserve(a_product(on_hand=10), 4)
    assert levels(reserved) == (10, 4, 6)
    assert levels(release(reserved, 4)) == (10, 0, 10)


@pytest.mark.parametrize("asked", [7, 10**6])
def test_what_is_not_available_is_not_reserved(asked: int) -> None:
    product = a_product(on_hand=10, reserved=4)
    with pytest.raises(OutOfStock) as refusal:
        product.reserve(asked, at=LATER, actor_id=ACTOR, pointer="/items/0/quantity")
    assert refusal.value.facts == {
        "sku": "MUG",
        "requested": asked,
        "available": 6,
        "pointer": "/items/0/quantity",
    }


def test_the_last_piece_can_be_reserved() -> None:
    assert reserve(a_product(on_hand=10, reserved=4), 6).available == 0


def test_reservations_are_told_by_the_order_not_by_the_product() -> None:
    product = a_product()
    for after in (reserve(product, 1), release(reserve(product, 1), 1)):
        assert (after.facts, after.movements, after.version) == ((), (), product.version)


@pytest.mark.parametrize(
    ("step", "quantity", "after", "kind"),
    [
        (receive, 5, (15, 4, 11), MovementKind.RECEIVED),
        (adjust, 5, (15, 4, 11), MovementKind.ADJUSTED),
        (adjust, -6, (4, 4, 0), MovementKind.ADJUSTED),
        (consume, 4, (6, 0, 6), MovementKind.SHIPPED),
    ],
)
def test_every_change_of_on_hand_is_a_movement_and_a_fact(
    step: Any, quantity: int, after: tuple[int, int, int], kind: MovementKind
) -> None:
    product = a_product(on_hand=10, reserved=4)
    assert facts_of_step(product, lambda: step(product, quantity), versions=0) == (StockMoved,)
    moved = step(product, quantity)
    (movement,) = moved.movements
    (fact,) = moved.facts
    assert levels(moved) == after
    change = after[0] - 10
    assert (movement.quantity, movement.kind, movement.product_id) == (change, kind, product.id)
    assert isinstance(fact, StockMoved)
    assert (fact.quantity, fact.kind, fact.on_hand) == (change, kind, after[0])


def test_a_movement_says_why() -> None:
    assert receive(a_product(), 1).movements[0].reason == "delivery"
    assert adjust(a_product(), 1).movements[0].reason == "counted"
    assert consume(a_product(reserved=1), 1).movements[0].reference == SHIPMENT


def test_only_pieces_that_nobody_reserved_may_be_lost() -> None:
    product = a_product(on_hand=10, reserved=4)
    assert (product.can_lose(6), product.can_lose(7), product.can_lose(-3)) == (True, False, True)


def test_stock_changes_at_the_first_location_and_leaves_the_others() -> None:
    elsewhere = StockLevel(location_id=SHIPMENT, on_hand=7, reserved=2)
    product = evolve(a_product(on_hand=10), levels=(*a_product(on_hand=10).levels, elsewhere))
    after = reserve(product, 3)
    assert levels(product) == (17, 2, 15)
    assert [level.available for level in after.levels] == [7, 5]
    assert after.levels[1] is elsewhere


@given(
    st.lists(
        st.tuples(st.sampled_from(["reserve", "release", "consume", "receive", "adjust"]), st.integers(1, 8)),
        max_size=30,
    ),
    st.none() | st.integers(0, 10),
)
def test_after_any_sequence_stock_keeps_its_bounds_and_low_stock_follows_it(
    steps: list[tuple[str, int]], threshold: int | None
) -> None:
    product = a_product(on_hand=10, threshold=threshold)
    for name, quantity in steps:
        before = product
        product = tried(product, name, quantity)
        assert 0 <= product.reserved <= product.on_hand
        assert product.on_hand == 10 + sum(movement.quantity for movement in product.movements)
        assert product.is_low == (threshold is not None and product.available <= threshold)
        new = product.facts[len(before.facts) :]
        opened = sum(isinstance(fact, LowStockOpened) for fact in new)
        closed = sum(isinstance(fact, LowStockClosed) for fact in new)
        assert opened - closed == product.is_low - before.is_low
        assert opened + closed <= 1


def tried(product: Product, name: str, quantity: int) -> Product:
    """What a use case would do: it gives back and ships only what is held, and loses only what is free."""
    if name == "reserve":
        try:
            return reserve(product, quantity)
        except OutOfStock:
            return product
    if name == "receive":
        return receive(product, quantity)
    if name == "adjust":
        return adjust(product, -quantity) if product.can_lose(quantity) else adjust(product, quantity)
    if quantity > product.reserved:
        return product
    return release(product, quantity) if name == "release" else consume(product, quantity)


# -- low stock ------------------------------------------------------------------------------------------------------


def test_low_stock_opens_once_when_available_falls_to_the_threshold() -> None:
    above = reserve(a_product(on_hand=10, threshold=5), 4)
    assert (above.is_low, above.facts) == (False, ())
    low = reserve(above, 1)
    (fact,) = low.facts
    assert isinstance(fact, LowStockOpened)
    assert (fact.available, fact.threshold, low.is_low) == (5, 5, True)
    assert reserve(low, 1).facts == low.facts


def test_a_threshold_of_zero_opens_at_the_last_piece() -> None:
    (fact,) = reserve(a_product(on_hand=1, threshold=0), 1).facts
    assert isinstance(fact, LowStockOpened)
    assert fact.threshold == 0


def test_low_stock_closes_when_available_is_above_the_threshold_again() -> None:
    low = a_product(on_hand=5, threshold=5)
    assert low.is_low
    moved, closed = receive(low, 1).facts
    assert isinstance(moved, StockMoved)
    assert isinstance(closed, LowStockClosed)
    assert (closed.available, receive(low, 1).is_low) == (6, False)


def test_shipping_reserved_pieces_leaves_the_alert_alone() -> None:
    low = a_product(on_hand=10, threshold=5, reserved=5)
    assert consume(low, 5).is_low
    assert [type(fact) for fact in consume(low, 5).facts] == [StockMoved]


def test_a_product_that_is_low_from_the_start_is_so_in_silence() -> None:
    product = added(quantity=3, threshold=5)
    assert product.is_low
    assert [type(fact) for fact in product.facts] == [ProductAdded]


@pytest.mark.parametrize(("threshold", "is_low"), [(20, True), (10, True), (9, False), (None, False)])
def test_another_threshold_opens_and_closes_in_silence(threshold: int | None, is_low: bool) -> None:
    for before in (a_product(on_hand=10, threshold=5), a_product(on_hand=10, threshold=15)):
        after = edit(before, low_stock_threshold=threshold)
        assert after.is_low == is_low
        assert [type(fact) for fact in after.facts] == [ProductEdited]


def test_without_a_threshold_nothing_is_low() -> None:
    assert not reserve(a_product(on_hand=1), 1).is_low


def test_an_archived_product_is_never_low() -> None:
    gone = archive(a_product(on_hand=5, threshold=5, reserved=2))
    assert not gone.is_low
    assert not consume(gone, 2).is_low
    assert [type(fact) for fact in consume(gone, 2).facts] == [ProductArchived, StockMoved]


def test_a_written_product_has_counted_its_events_and_has_nothing_left_to_tell() -> None:
    product = receive(a_product(), 5)
    written = product.written()
    assert written.event_count == product.event_count + 1
    assert (written.facts, written.movements) == ((), ())
    assert levels(written) == levels(product)

from collections.abc import Callable
from typing import Any

import pytest

from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.application.steering import CancelOrder
from ordercore.domain.errors import (
    AlreadyExists,
    InvalidRequest,
    OutOfStock,
    StockIsReserved,
    TransitionRefused,
    UnknownResource,
    VersionIsStale,
)
from ordercore.domain.limits import MAX_ON_HAND, MAX_QUANTITY
from ordercore.domain.money import Money
from ordercore.testing.builders import IDS
from tests.support.cores import a_shop, add, placed

PRICE = Money.of("2.00", "EUR")


def a_new(sku: str, **details: Any) -> AddProduct:
    return AddProduct(sku=sku, name=sku, price=PRICE, **details)


def test_a_sku_is_added_once() -> None:
    shop = a_shop()
    mug = add(shop, quantity=3)
    assert (mug.available, mug.facts, mug.movements) == (3, (), ())
    with pytest.raises(AlreadyExists, match="MUG"):
        add(shop)


def test_a_repeat_answers_the_product_as_it_is_now() -> None:
    shop = a_shop()
    command = a_new("BOWL", quantity_in_stock=2)
    first = shop.catalogue.add_product(command, idempotency_key="key")
    shop.catalogue.receive_stock(ReceiveStock(product_id=first.id, quantity=5))
    again = shop.catalogue.add_product(command, idempotency_key="key")
    assert (again.id, again.replayed, again.available) == (first.id, True, 7)


def test_many_are_added_at_once_and_known_skus_left_alone() -> None:
    shop = a_shop()
    mug = add(shop, quantity=3)
    added = shop.catalogue.add_products([a_new("MUG", quantity_in_stock=50), a_new("BOWL")])
    assert added[0] is None
    assert added[1] == shop.catalogue.by_sku("BOWL") or added[1] is not None
    assert shop.catalogue.get(mug.id).available == 3


@pytest.mark.parametrize("skus", [["A", "A"], [f"S{number}" for number in range(501)]])
def test_too_many_at_once_or_one_twice_is_refused(skus: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        a_shop().catalogue.add_products([a_new(sku) for sku in skus])


def test_a_price_is_an_amount_of_zero_or_more() -> None:
    for price in (Money(-1, "EUR"), "2.00"):
        with pytest.raises(InvalidRequest, match="/price"):
            AddProduct(sku="A", name="A", price=price)  # type: ignore[arg-type] # a caller's mistake


def test_editing_changes_details_and_no_existing_order() -> None:
    shop = a_shop()
    mug = add(shop)
    order = placed(shop)
    command = EditProduct(
        product_id=mug.id, name="Cup", price=PRICE, reason="spring sale", expected_version=mug.version
    )
    edited = shop.catalogue.edit_product(command, idempotency_key="key")
    assert (edited.name, edited.price, edited.version) == ("Cup", PRICE, mug.version + 1)
    assert shop.catalogue.edit_product(command, idempotency_key="key").replayed
    assert shop.ordering.get(order.id).items[0].name == "Mug"
    with shop.core.store.reading() as lookups:
        assert lookups.events("product", mug.id)[-1].payload["note"] == "spring sale"


def test_an_archived_product_cannot_be_edited_or_archived_again() -> None:
    shop = a_shop()
    mug = add(shop)
    archived = shop.catalogue.archive_product(ArchiveProduct(product_id=mug.id), idempotency_key="key")
    assert archived.is_archived
    assert shop.catalogue.archive_product(ArchiveProduct(product_id=mug.id), idempotency_key="key").replayed
    with pytest.raises(TransitionRefused):
        shop.catalogue.archive_product(ArchiveProduct(product_id=mug.id))
    with pytest.raises(TransitionRefused):
        shop.catalogue.edit_product(EditProduct(product_id=mug.id, name="Cup", price=PRICE))


def test_stock_is_received_once_for_a_key() -> None:
    shop = a_shop()
    mug = add(shop, quantity=1)
    command = ReceiveStock(product_id=mug.id, quantity=4, reason="delivery 7")
    received = shop.catalogue.receive_stock(command, idempotency_key="key")
    assert (received.on_hand, received.movements) == (5, ())
    again = shop.catalogue.receive_stock(command, idempotency_key="key")
    assert (again.on_hand, again.replayed) == (5, True)


def test_stock_is_adjusted_up_and_down() -> None:
    shop = a_shop()
    mug = add(shop, quantity=5)
    assert shop.catalogue.adjust_stock(AdjustStock(product_id=mug.id, change=2)).on_hand == 7
    command = AdjustStock(product_id=mug.id, change=-7, reason="broken")
    assert shop.catalogue.adjust_stock(command, idempotency_key="key").on_hand == 0
    assert shop.catalogue.adjust_stock(command, idempotency_key="key").replayed


def test_reserved_pieces_cannot_be_adjusted_away_and_their_orders_are_named() -> None:
    shop = a_shop()
    mug = add(shop, quantity=5)
    orders = [placed(shop, {"MUG": 2}), placed(shop, {"MUG": 1})]
    shop.ordering.cancel(CancelOrder(order_id=placed(shop).id))
    with pytest.raises(StockIsReserved) as caught:
        shop.catalogue.adjust_stock(AdjustStock(product_id=mug.id, change=-3))
    assert caught.value.order_numbers == tuple(str(order.number) for order in orders)
    assert str(caught.value).endswith(f"Cancel or ship these orders first: {', '.join(caught.value.order_numbers)}.")
    assert (caught.value.on_hand, caught.value.reserved, caught.value.change) == (5, 3, -3)
    assert shop.catalogue.adjust_stock(AdjustStock(product_id=mug.id, change=-2)).available == 0


def test_more_than_there_is_cannot_be_adjusted_away() -> None:
    shop = a_shop()
    mug = add(shop, quantity=5)
    with pytest.raises(OutOfStock) as caught:
        shop.catalogue.adjust_stock(AdjustStock(product_id=mug.id, change=-6))
    assert (caught.value.pointer, caught.value.available) == ("/change", 5)


def test_adjusting_by_nothing_is_no_adjustment() -> None:
    with pytest.raises(InvalidRequest, match="/change"):
        AdjustStock(product_id=IDS.new(), change=0)


CHANGES: list[Callable[..., Any]] = [
    lambda catalogue, **which: catalogue.edit_product(EditProduct(name="Cup", price=PRICE, **which)),
    lambda catalogue, **which: catalogue.archive_product(ArchiveProduct(**which)),
    lambda catalogue, **which: catalogue.receive_stock(ReceiveStock(quantity=1, **which)),
    lambda catalogue, **which: catalogue.adjust_stock(AdjustStock(change=1, **which)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_no_product_is_refused(change: Callable[..., Any]) -> None:
    with pytest.raises(UnknownResource, match="product"):
        change(a_shop().catalogue, product_id=IDS.new())


@pytest.mark.parametrize("change", CHANGES[:2])
def test_a_change_of_an_old_version_is_refused(change: Callable[..., Any]) -> None:
    shop = a_shop()
    with pytest.raises(VersionIsStale):
        change(shop.catalogue, product_id=add(shop).id, expected_version=7)


def test_a_product_is_found_by_id_and_sku() -> None:
    shop = a_shop()
    mug = add(shop)
    assert shop.catalogue.get(mug.id).sku == "MUG"
    assert shop.catalogue.by_sku("MUG").id == mug.id
    with pytest.raises(UnknownResource):
        shop.catalogue.get(IDS.new())
    with pytest.raises(UnknownResource):
        shop.catalogue.by_sku("NONE")


def test_low_stock_opens_and_closes_with_what_is_available() -> None:
    shop = a_shop()
    mug = add(shop, quantity=5, low_stock_threshold=3)
    order = placed(shop, {"MUG": 2})
    assert shop.catalogue.get(mug.id).is_low
    shop.ordering.cancel(CancelOrder(order_id=order.id))
    assert not shop.catalogue.get(mug.id).is_low
    with shop.core.store.reading() as lookups:
        assert [event.type for event in lookups.events("product", mug.id)] == [
            "product.added.v1",
            "product.low_stock_opened.v1",
            "product.low_stock_closed.v1",
        ]


def test_a_product_has_room_for_a_stated_number_of_pieces() -> None:
    shop = a_shop()
    product = add(shop, quantity=MAX_QUANTITY)
    for _ in range(MAX_ON_HAND // MAX_QUANTITY - 1):
        shop.catalogue.receive_stock(ReceiveStock(product_id=product.id, quantity=MAX_QUANTITY))
    with pytest.raises(InvalidRequest, match="/quantity"):
        shop.catalogue.receive_stock(ReceiveStock(product_id=product.id, quantity=1))
    with pytest.raises(InvalidRequest, match="/change"):
        shop.catalogue.adjust_stock(AdjustStock(product_id=product.id, change=1))
    assert shop.catalogue.get(product.id).on_hand == MAX_ON_HAND


@pytest.mark.parametrize("sku", ["\udcff", "A\0B"])
def test_a_name_that_no_store_can_hold_names_nothing(sku: str) -> None:
    shop = a_shop()
    with pytest.raises(UnknownResource):
        shop.catalogue.by_sku(sku)
    with pytest.raises(UnknownResource):
        shop.admins.by_username(sku)
    for number in (0, -1, 2**63):
        with pytest.raises(UnknownResource):
            shop.ordering.by_number(number)

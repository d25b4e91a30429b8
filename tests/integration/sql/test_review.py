"""What a reader with fresh eyes found in the store, and must not come back."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

import ordercore
from ordercore import AddProduct, Money, OrderCore, ReceiveStock
from ordercore.adapters.sql import engines
from ordercore.domain.errors import StoreUnavailable


@pytest.fixture
def shop(migrated_postgres: str) -> Iterator[OrderCore]:
    with ordercore.open(migrated_postgres) as shop:
        yield shop


def a_mug() -> AddProduct:
    return AddProduct(sku="MUG", name="Mug", price=Money.of("12.50", "EUR"), quantity_in_stock=1)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///{}"])
def test_a_closed_shop_says_so_and_opens_nothing(url: str, sqlite_file: Path) -> None:
    with ordercore.open(url.format(sqlite_file)) as shop:
        pass
    for use in (shop.catalogue.list, lambda: shop.catalogue.add_product(a_mug()), shop.examine, shop.ordering.list):
        with pytest.raises(StoreUnavailable, match="the shop was closed"):
            use()
    assert not sqlite_file.with_name("shop.db-wal").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux shows them")
def test_a_closed_shop_leaves_no_lock_file_open(sqlite_file: Path) -> None:
    for _ in range(3):
        with ordercore.open(f"sqlite:///{sqlite_file}") as shop:
            shop.catalogue.add_products([a_mug()])
    assert not [each for each in Path("/proc/self/fd").iterdir() if _points_to(each).endswith("shop.db.lock")]


def test_connections_that_a_restart_cut_are_replaced_before_anybody_uses_them(
    shop: OrderCore, migrated_postgres: str
) -> None:
    mug = shop.catalogue.add_product(a_mug())
    with ExitStack() as readers:
        for _ in range(5):
            readers.enter_context(shop._core.store.reading())
    _cut_all(migrated_postgres)
    assert [
        shop.catalogue.receive_stock(ReceiveStock(product_id=shop.catalogue.get(mug.id).id, quantity=1)).available
        for _ in range(5)
    ] == [2, 3, 4, 5, 6]


def test_a_reader_for_whom_no_connection_becomes_free_is_told_so_in_the_cores_words(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(engines, "READERS", 1)
    with ordercore.open(database_url) as shop, shop._core.store.reading():
        pool = shop._core.store.reading_engine.pool  # type: ignore[attr-defined] # the SQL store's
        monkeypatch.setattr(pool, "_timeout", 0.01)
        with pytest.raises(StoreUnavailable, match="in use"):
            shop.catalogue.list()


def _points_to(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:  # the one that lists the folder
        return ""


def _cut_all(url: str) -> None:
    address = make_url(url)
    with psycopg.connect(
        host=str(address.query["host"]), user=address.username, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (address.database,)
        )

"""Hot reads are answered from an index, in its order: a page costs the same however many rows there are."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from sqlalchemy import text

from ordercore.adapters.security.sealer import PlainSealer
from ordercore.adapters.sql.store import SqlStore
from ordercore.bootstrap import migrate
from ordercore.domain.lifecycles import OrderStatus, PaymentStatus, ShipmentStatus, WorkItemStatus
from ordercore.domain.order import Order
from ordercore.domain.work_item import WorkItem
from ordercore.ports.queries import OrderFilter, PageRequest, PaymentFilter, ProductFilter, Queries, WorkItemFilter
from ordercore.testing.store_samples import (
    AT,
    ORDER_LIVES,
    a_customer,
    a_product,
    a_shipment,
    a_work_item,
    an_admin,
    an_order,
)
from tests.integration.sql.driver_log import Statement, driver_log
from tests.support.postgres import PostgresServer

ORDERS = 5_000


@frozen
class Filled:
    """A store with thousands of orders, one of them, and what its drivers were asked."""

    store: SqlStore
    order: Order
    log: list[Statement]

    def plans_of(self, read: Callable[[Queries], object]) -> list[list[str]]:
        """How the database goes about each statement of a read."""
        with self.store.listing() as queries:
            self.log.clear()
            read(queries)
            statements = [each for each in self.log if each[0].lstrip().startswith("SELECT")]
        explain = "EXPLAIN " if self.store.is_postgres else "EXPLAIN QUERY PLAN "
        with self.store.reading_engine.connect() as connection:
            cursor = connection.connection.cursor()
            plans: list[list[str]] = []
            for statement, parameters in statements:
                cursor.execute(explain + statement, parameters)
                plans.append([str(row[0] if self.store.is_postgres else row[3]) for row in cursor.fetchall()])
        assert plans
        return plans


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    url = postgres.create_database() if request.param == "postgresql" else _file(tmp_path_factory.mktemp("filled"))
    migrate(url)
    with driver_log() as log:
        store = SqlStore(url, PlainSealer)
        yield Filled(store, fill(store), log)
    store.close()
    if store.is_postgres:
        postgres.drop_database(url)


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'shop.db'}"


def fill(store: SqlStore) -> Order:
    """Thousands of orders in several states; answers one from the middle."""
    products = [
        a_product(sku=f"S-{number:04}", quantity=5, threshold=5 if number % 50 == 0 else None)
        for number in range(1_000)
    ]
    customers = [a_customer() for _ in range(200)]
    admins = [an_admin() for _ in range(5)]
    with store.begin() as work:
        work.products.claim_skus(products)
        work.customers.save(*customers)
        work.admins.save(*admins)
    orders = []
    for number in range(ORDERS):
        order = an_order(
            number=number + 2_000,
            customer=customers[number % 200],
            products=[products[number % 1_000]],
            manager_id=admins[number % 5].id,
            reference=f"ref {number}" if number % 2 else None,
            at=AT + timedelta(seconds=number),
        )
        if number % 100:
            for step in ORDER_LIVES["confirmed"]:
                order = step(order)
        orders.append(order)
    with store.begin() as work:
        work.orders.save(*orders)
        work.shipments.save(*(evolve(a_shipment(order), status=ShipmentStatus.LABELLED) for order in orders))
        work.work_items.save(*(looked_into(a_work_item(order), is_open=n % 100 == 0) for n, order in enumerate(orders)))
    with store.writing.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    return orders[ORDERS // 2 + 1]


def looked_into(item: WorkItem, *, is_open: bool) -> WorkItem:
    return item if is_open else item.settle("seen", at=AT, actor_id=item.id)


PAGE = PageRequest(limit=50)

LISTS: dict[str, Callable[[Filled], Callable[[Queries, PageRequest], Any]]] = {
    "orders": lambda _: lambda queries, page: queries.order_page(OrderFilter(), page),
    "orders since": lambda _: (
        lambda queries, page: queries.order_page(
            OrderFilter(since=AT + timedelta(seconds=1_000), before=AT + timedelta(seconds=4_000)), page
        )
    ),
    "confirmed orders": lambda _: (
        lambda queries, page: queries.order_page(OrderFilter(status=OrderStatus.CONFIRMED), page)
    ),
    "pending orders": lambda _: lambda queries, page: queries.order_page(OrderFilter(status=OrderStatus.PENDING), page),
    "orders of a customer": lambda filled: (
        lambda queries, page: queries.order_page(OrderFilter(customer_id=filled.order.customer_id), page)
    ),
    "orders of a manager": lambda filled: (
        lambda queries, page: queries.order_page(OrderFilter(manager_id=filled.order.manager_id), page)
    ),
    "orders by reference": lambda filled: (
        lambda queries, page: queries.order_page(OrderFilter(external_reference=filled.order.external_reference), page)
    ),
    "payments": lambda _: lambda queries, page: queries.payment_page(PaymentFilter(), page),
    "authorised payments": lambda _: (
        lambda queries, page: queries.payment_page(PaymentFilter(status=PaymentStatus.AUTHORISED), page)
    ),
    "refunded payments": lambda _: (
        lambda queries, page: queries.payment_page(PaymentFilter(status=PaymentStatus.REFUNDED), page)
    ),
    "unknown payments": lambda _: lambda queries, page: queries.payment_page(PaymentFilter(unknown=True), page),
    "shipments": lambda _: lambda queries, page: queries.shipment_page(None, page),
    "shipments of a status": lambda _: lambda queries, page: queries.shipment_page(ShipmentStatus.LABELLED, page),
    "work items": lambda _: lambda queries, page: queries.work_item_page(WorkItemFilter(), page),
    "open work items": lambda _: (
        lambda queries, page: queries.work_item_page(WorkItemFilter(status=WorkItemStatus.OPEN), page)
    ),
    "products": lambda _: lambda queries, page: queries.product_page(ProductFilter(), page),
    "low products": lambda _: lambda queries, page: queries.product_page(ProductFilter(low=True), page),
    "events": lambda _: lambda queries, page: queries.event_page(None, page),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_in_the_order_of_an_index(filled: Filled, name: str) -> None:
    listed = LISTS[name](filled)
    with filled.store.listing() as queries:
        first = listed(queries, PageRequest(limit=10))
    cursors = [None] if first.next is None else [None, first.next]
    for after in cursors:
        page, *rest = filled.plans_of(lambda queries: listed(queries, PageRequest(limit=10, after=after)))  # noqa: B023 - called here
        refuse_sorting(page)
        for plan in (page, *rest):
            refuse_scanning(plan)


@pytest.mark.parametrize("kind", ["id", "number", "history", "customer", "stock holders"])
def test_one_order_is_found_by_an_index(filled: Filled, kind: str) -> None:
    order = filled.order
    reads: dict[str, Callable[[Queries], object]] = {
        "id": lambda queries: queries.orders((order.id,)),
        "number": lambda queries: queries.order_id(order.number),
        "history": lambda queries: queries.events("order", order.id),
        "customer": lambda queries: queries.customers((order.customer_id,)),
        "stock holders": lambda queries: queries.holders_of(order.items[0].product_id, 10),
    }
    for plan in filled.plans_of(reads[kind]):
        refuse_scanning(plan)


def test_a_sort_would_be_seen(filled: Filled) -> None:
    (plan,) = filled.plans_of(lambda queries: queries._wire.run("SELECT * FROM orders ORDER BY total_minor"))  # type: ignore[attr-defined] # straight to the wire
    with pytest.raises(AssertionError):
        refuse_sorting(plan)
    with pytest.raises(AssertionError):
        refuse_scanning(plan)


def refuse_sorting(plan: list[str]) -> None:
    assert not [line for line in plan if "Sort" in line or "TEMP B-TREE" in line], plan


def refuse_scanning(plan: list[str]) -> None:
    """SQLite says "SCAN x USING INDEX" where it walks an index in order, and a bare SCAN of a table without rowid is a
    walk along its key: that is how shipments and work items are listed by id."""
    by_key = ("SCAN shipments", "SCAN work_items")
    walked = [line for line in plan if line.startswith("SCAN") and "INDEX" not in line and line not in by_key]
    assert not [line for line in plan if "Seq Scan" in line] + walked, plan

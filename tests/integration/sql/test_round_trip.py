from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

from ordercore.adapters.sql.collections.orders import read_orders
from ordercore.adapters.sql.collections.products import read_products
from ordercore.adapters.sql.collections.shipments import read_shipments
from ordercore.adapters.sql.store import SqlStore
from ordercore.adapters.sql.work import SqlUnitOfWork
from ordercore.domain.admin import STORE_ADMIN, AdminUser, ApiToken
from ordercore.domain.aggregates import Aggregate
from ordercore.domain.customer import Customer
from ordercore.domain.order import Order
from ordercore.domain.product import DEFAULT_LOCATION, Product
from ordercore.domain.shipment import Shipment
from ordercore.domain.work_item import WorkItem
from ordercore.testing import strategies
from ordercore.testing.store_samples import a_customer, a_product, an_order, new_id

A = TypeVar("A", bound=Aggregate)

a_few = settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""The store is the same for all examples: each is rolled back. Shrinking what needs a database takes minutes."""


class Enough(Exception):
    """Raised when everything was seen: nothing stays."""


@a_few
@given(order=strategies.orders())
def test_an_order_anywhere_in_its_life_comes_back(sql_store: SqlStore, order: Order) -> None:
    order = evolve(
        order,
        manager_id=STORE_ADMIN,
        adjustments=tuple(evolve(each, id=new_id()) for each in order.adjustments),
        payment=evolve(order.payment, entries=tuple(evolve(each, id=new_id()) for each in order.payment.entries)),
    )

    def write(work: SqlUnitOfWork) -> None:
        work.customers.save(evolve(a_customer(), id=order.customer_id))
        work.products.claim_skus(products_of(order))
        work.orders.save(order)

    expected = evolve(saved(order), payment=evolve(order.payment, entries=()))
    assert written(sql_store, write, lambda work: read_orders(work.wire, work.sealer, keys(work, order))) == {
        order.id: expected
    }


@a_few
@given(product=strategies.products())
def test_a_product_comes_back(sql_store: SqlStore, product: Product) -> None:
    found = written(
        sql_store,
        lambda work: work.products.claim_skus([product]),
        lambda work: read_products(work.wire, keys(work, product)),
    )
    assert found == {product.id: evolve(saved(product), movements=())}


@a_few
@given(shipment=strategies.shipments())
def test_a_shipment_comes_back(sql_store: SqlStore, shipment: Shipment) -> None:
    lines = tuple(sorted(shipment.lines, key=lambda line: line.order_item_id))

    def write(work: SqlUnitOfWork) -> None:
        customer, product = a_customer(), a_product()
        work.customers.save(customer)
        work.products.claim_skus([product])
        work.orders.save(evolve(an_order(number=1, customer=customer, products=[product]), id=shipment.order_id))
        work.shipments.save(evolve(shipment, lines=lines))

    found = written(sql_store, write, lambda work: read_shipments(work.wire, work.sealer, keys(work, shipment)))
    assert found == {shipment.id: evolve(saved(shipment), lines=lines)}


@a_few
@given(item=strategies.work_items())
def test_a_work_item_comes_back(sql_store: SqlStore, item: WorkItem) -> None:
    def write(work: SqlUnitOfWork) -> None:
        customer, product = a_customer(), a_product()
        work.customers.save(customer)
        work.products.claim_skus([product])
        work.orders.save(evolve(an_order(number=1, customer=customer, products=[product]), id=item.order_id))
        work.work_items.save(item)

    found = written(sql_store, write, lambda work: work.work_items._read(keys(work, item), lock=False))
    assert found == {item.id: saved(item)}


@a_few
@given(customer=strategies.customers(), admin=strategies.admins(), token=strategies.api_tokens())
def test_customers_admin_users_and_tokens_come_back(
    sql_store: SqlStore, customer: Customer, admin: AdminUser, token: ApiToken
) -> None:
    admin = evolve(admin, username=f"{admin.username}-{new_id()}")

    def write(work: SqlUnitOfWork) -> None:
        work.customers.save(customer)
        work.admins.save(admin)
        work.tokens.save(token)

    def read(work: SqlUnitOfWork) -> list[Aggregate]:
        found: list[Aggregate] = []
        for collection, each in ((work.customers, customer), (work.admins, admin), (work.tokens, token)):
            found += collection._read(keys(work, each), lock=False).values()
        return found

    assert written(sql_store, write, read) == [saved(customer), saved(admin), saved(token)]


def written(store: SqlStore, write: Callable[[SqlUnitOfWork], object], read: Callable[[SqlUnitOfWork], Any]) -> Any:
    """What is read in the transaction after everything was sent."""
    found: list[Any] = []

    def attempt() -> None:
        with store.begin() as work:
            assert isinstance(work, SqlUnitOfWork)
            write(work)
            work.flush()
            found.append(read(work))
            raise Enough

    with pytest.raises(Enough):
        attempt()
    return found[0]


def keys(work: SqlUnitOfWork, aggregate: Aggregate) -> list[Any]:
    return [work.wire.id(aggregate.id)]


def saved(aggregate: A) -> A:
    return evolve(aggregate, facts=(), event_count=aggregate.event_count + len(aggregate.facts))


def products_of(order: Order) -> list[Product]:
    """What the order's items point at."""
    wanted: Mapping[UUID, object] = {item.product_id: item for item in order.items}
    assert {each.location_id for item in order.items for each in item.allocations} <= {DEFAULT_LOCATION}
    return [evolve(a_product(), id=id) for id in wanted]

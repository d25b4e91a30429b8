"""Where benchmarks get their shops: a fresh database with products and a customer, and orders of three items."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from attrs import frozen

import ordercore
from ordercore import (
    AddProduct,
    Address,
    Contact,
    CustomerReference,
    ItemRequest,
    Money,
    OrderCore,
    PaymentDetails,
    PlaceOrder,
    RegisterCustomer,
)
from tests.support.postgres import PostgresServer

PRODUCTS = 1_000
PLENTY = 1_000_000


@frozen
class Bench:
    """An open shop on a fresh database, and what its orders are made of."""

    name: str
    url: str
    shop: OrderCore
    customer: UUID
    skus: tuple[str, ...]

    def order(self, rnd: random.Random, *, hot: str | None = None) -> PlaceOrder:
        """The order that is timed: three items, known customer, card through the in-process fake provider."""
        skus = (hot, *rnd.sample(self.skus[1:], 2)) if hot else rnd.sample(self.skus, 3)
        return PlaceOrder(
            customer=CustomerReference(id=self.customer),
            items=tuple(ItemRequest(sku=sku, quantity=rnd.randint(1, 3)) for sku in skus),
            payment=PaymentDetails(token="tok_visa"),
        )


def filled(name: str, url: str) -> Bench:
    """A shop with a thousand products and one customer, its fake provider in this process."""
    from ordercore.adapters.payments.fake import FakeGateway
    from ordercore.adapters.shipping.fake import FakeCarrier

    ordercore.migrate(url)
    shop = ordercore.open(url, payment_gateway=FakeGateway(), carrier=FakeCarrier())
    skus = tuple(f"SKU-{number:05d}" for number in range(PRODUCTS))
    with shop.importing.product_import() as run:
        for start in range(0, PRODUCTS, 500):
            run.add(
                [
                    AddProduct(sku=sku, name=f"Product {sku}", price=Money.of("3.49", "EUR"), quantity_in_stock=PLENTY)
                    for sku in skus[start : start + 500]
                ]
            )
    customer = shop.customers.register(
        RegisterCustomer(
            contact=Contact(name="Ada Buyer", email="ada@example.com"),
            address=Address(line1="1 Main Street", city="Springfield", postal_code="12345", country="US"),
        )
    )
    return Bench(name, url, shop, customer.id, skus)


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Fresh, durable databases: a SQLite file and a PostgreSQL of our own with fsync on, both on this disk."""
    with tempfile.TemporaryDirectory(prefix="ordercore-bench-") as folder:
        server = PostgresServer(fsync=True)
        server.start()
        try:
            yield {"sqlite": f"sqlite:///{Path(folder) / 'shop.db'}", "postgresql": server.create_database()}
        finally:
            server.stop()

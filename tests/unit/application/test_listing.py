"""What only SQL can list, through the façade on SQLite in memory; the pages themselves are the store's to test."""

from collections.abc import Iterator

import pytest

from ordercore import bootstrap
from ordercore.application.shipping import ShipOrder
from ordercore.application.shop import OrderCore
from ordercore.application.tokens import CreateToken
from ordercore.domain.actor import Permission
from ordercore.domain.errors import UnknownResource
from ordercore.domain.lifecycles import ShipmentStatus, WorkItemStatus
from ordercore.domain.product import MovementKind
from ordercore.ports.queries import OrderFilter, PageRequest, PaymentFilter, ProductFilter, WorkItemFilter
from ordercore.testing.builders import IDS
from tests.support.cores import TIMEOUT, add, placed
from tests.support.late_answers import contradicted


@pytest.fixture
def shop() -> Iterator[OrderCore]:
    with bootstrap.in_memory() as shop:
        yield shop


def test_orders_and_payments_are_listed(shop: OrderCore) -> None:
    add(shop)
    first, second = placed(shop), placed(shop, token=TIMEOUT)
    assert [row.id for row in shop.ordering.list().data] == [second.id, first.id]
    assert [row.id for row in shop.ordering.list(OrderFilter(status=first.status)).data] == [first.id]
    assert shop.ordering.list(page=PageRequest(limit=1)).next is not None
    assert [row.order_id for row in shop.payments.list(PaymentFilter(unknown=True)).data] == [second.id]


def test_products_and_their_movements_are_listed(shop: OrderCore) -> None:
    mug = add(shop, quantity=3)
    add(shop, "BOWL", quantity=1, low_stock_threshold=1)
    assert [product.sku for product in shop.catalogue.list().data] == ["BOWL", "MUG"]
    assert [product.sku for product in shop.catalogue.list(ProductFilter(low=True)).data] == ["BOWL"]
    assert [movement.kind for movement in shop.catalogue.movements(mug.id).data] == [MovementKind.INITIAL]
    with pytest.raises(UnknownResource):
        shop.catalogue.movements(IDS.new())


def test_shipments_are_listed(shop: OrderCore) -> None:
    add(shop)
    shipment = shop.shipping.ship(ShipOrder(order_id=placed(shop).id))
    assert [row.id for row in shop.shipping.list().data] == [shipment.id]
    assert not shop.shipping.list(ShipmentStatus.FAILED).data


def test_work_items_are_listed(shop: OrderCore) -> None:
    add(shop)
    orders = [contradicted(shop) for _ in range(2)]
    assert [item.order_id for item in shop.work_items.list().data] == [order.id for order in orders]
    assert not shop.work_items.list(WorkItemFilter(status=WorkItemStatus.SETTLED)).data


def test_people_and_tokens_are_listed(shop: OrderCore) -> None:
    add(shop)
    customer_id = placed(shop).customer_id
    token, _ = shop.tokens.create(CreateToken(name="till", permissions=frozenset({Permission.ORDERS_READ})))
    assert [customer.id for customer in shop.customers.list().data] == [customer_id]
    assert [admin.username for admin in shop.admins.list().data] == ["shop"]
    assert [each.id for each in shop.tokens.list().data] == [token.id]


def test_events_are_listed(shop: OrderCore) -> None:
    add(shop)
    assert [event.type for event in shop.events("product").data] == ["product.added.v1"]
    assert shop.events().data

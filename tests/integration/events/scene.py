"""The only place where tests of the way out make shops, subscribers and events."""

from collections.abc import Mapping
from datetime import timedelta

import ordercore
from ordercore import AddProduct, AddSubscription, AdjustStock, Money, OrderCore, Settings, SubscriptionKind
from ordercore.domain.delivery import Patience
from ordercore.domain.product import Product
from ordercore.domain.subscription import Subscription
from ordercore.ports.publisher import Publisher
from ordercore.testing.publishers import RememberingPublisher

AT_ONCE = Patience(pauses=(timedelta(microseconds=1),) * 3)
"""Four tries, hardly a pause between them."""


def shop_on(url: str, publisher: Publisher | None = None, *, patience: Patience = AT_ONCE) -> OrderCore:
    """A shop whose webhooks go to that publisher."""
    publishers: Mapping[SubscriptionKind, Publisher] = {SubscriptionKind.WEBHOOK: publisher or RememberingPublisher()}
    return ordercore.open(url, publishers=publishers, settings=Settings(patience=patience))


def subscribe(shop: OrderCore, *types: str, after: int | None = 0, name: str | None = None) -> Subscription:
    """A webhook for these types, from the first event on."""
    command = AddSubscription(address="https://example.com/hook", types=types or ("product.*",), after=after, name=name)
    return shop.subscriptions.add(command)


def add(shop: OrderCore, sku: str = "MUG") -> Product:
    """A product, with one event."""
    price = Money.of("12.50", "EUR")
    return shop.catalogue.add_product(AddProduct(sku=sku, name=sku, price=price, quantity_in_stock=40))


def adjust(shop: OrderCore, product: Product, times: int = 1) -> None:
    """That many more events in the product's stream."""
    for _ in range(times):
        shop.catalogue.adjust_stock(AdjustStock(product_id=product.id, change=1))

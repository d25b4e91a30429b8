"""A shop with a bit of everything that the use cases can make, and nothing broken."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import ordercore
from ordercore import (
    AddAdmin,
    AddProduct,
    AdjustStock,
    ArchiveProduct,
    CancelOrder,
    CapturePolicy,
    ChangePassword,
    CorrectAddress,
    CreateToken,
    CustomerReference,
    DeactivateAdmin,
    EditCustomer,
    EditProduct,
    ImportedOrder,
    MarkDelivered,
    Money,
    OnDecline,
    OrderCore,
    PayOrder,
    Permission,
    ReceiveStock,
    RegisterCustomer,
    RevokeToken,
    Settings,
    SettleWorkItem,
    ShipOrder,
)
from ordercore.adapters.payments.fake import FakeGateway
from ordercore.adapters.shipping.fake import FakeCarrier
from ordercore.domain.errors import MoneyUnavailable, PaymentDeclined
from tests.support.cores import ANN, CAPTURE_FAILS, CAPTURE_TIMEOUT, DECLINED, HOME, TIMEOUT, a_command, placed
from tests.support.late_answers import contradicted

PASSWORD = "correct horse battery"


def fill(url: str) -> None:
    """Orders in every status, money in every state, stock that moved, people who came and went."""
    gateway, carrier = FakeGateway(), FakeCarrier()
    with ordercore.open(url, payment_gateway=gateway, carrier=carrier) as shop:
        _catalogue(shop)
        _people(shop)
        _orders(shop)
        _imports(shop)
    settings = Settings(capture=CapturePolicy.CONFIRMED)
    with ordercore.open(url, payment_gateway=gateway, carrier=carrier, settings=settings) as shop:
        placed(shop, {"MUG": 2}, external_reference="captured")
        refunded = placed(shop, {"MUG": 1, "PLATE": 2}, external_reference="refunded")
        shop.ordering.cancel(CancelOrder(order_id=refunded.id))


def disagree(url: str) -> None:
    """A provider whose word contradicts our books, once looked into and once not."""
    with ordercore.open(url, payment_gateway=FakeGateway()) as shop:
        contradicted(shop, items={"MUG": 1}, external_reference="contradicted")
        contradicted(shop, items={"MUG": 2}, external_reference="looked into")
        item = shop.work_items.list().data[-1]
        shop.work_items.settle(SettleWorkItem(work_item_id=item.id, reason="refunded by hand"))


def _catalogue(shop: OrderCore) -> None:
    for sku, quantity, threshold in (("MUG", 100, 5), ("PLATE", 50, 45), ("TEAPOT", 10, 10), ("BOWL", 20, None)):
        price = Money.of("12.50", "EUR")
        shop.catalogue.add_product(
            AddProduct(
                sku=sku, name=sku.title(), price=price, quantity_in_stock=quantity, low_stock_threshold=threshold
            )
        )
    shop.catalogue.add_product(
        AddProduct(sku="FLYER", name="Flyer", price=Money.of("0.00", "EUR"), quantity_in_stock=1000)
    )
    mug = shop.catalogue.by_sku("MUG")
    shop.catalogue.receive_stock(ReceiveStock(product_id=mug.id, quantity=7), idempotency_key="received")
    shop.catalogue.adjust_stock(AdjustStock(product_id=mug.id, change=-3, reason="broken in the house"))
    shop.catalogue.edit_product(EditProduct(product_id=mug.id, name="Big mug", price=mug.price, low_stock_threshold=4))


def _people(shop: OrderCore) -> None:
    for username in ("ann", "bob"):
        shop.admins.add(AddAdmin(username=username, password=PASSWORD))
    ann = shop.admins.by_username("ann")
    shop.admins.change_password(ChangePassword(admin_id=ann.id, password=PASSWORD + " staple"))
    token, _ = shop.tokens.create(CreateToken(name="robot", permissions=frozenset({Permission.ORDERS_READ})))
    shop.tokens.create(CreateToken(name="till", permissions=frozenset({Permission.ORDERS_PLACE})))
    shop.tokens.revoke(RevokeToken(token_id=token.id))


def _orders(shop: OrderCore) -> None:
    customer = shop.customers.register(RegisterCustomer(contact=ANN, address=HOME))
    shop.customers.edit(EditCustomer(customer_id=customer.id, contact=ANN, address=HOME, locale="de"))
    placed(shop, {"MUG": 2, "PLATE": 1}, external_reference="confirmed")
    placed(shop, {"FLYER": 3}, token=None, external_reference="free")
    known = shop.ordering.place(a_command({"BOWL": 1}, customer=CustomerReference(id=customer.id)), idempotency_key="k")
    shop.ordering.correct_address(CorrectAddress(order_id=known.id, ship_to=HOME))
    waiting = _declined(shop, OnDecline.HOLD)
    _declined(shop, OnDecline.CANCEL)
    again = _declined(shop, OnDecline.HOLD)
    shop.ordering.pay(PayOrder(order_id=again, token="tok_visa"))
    shop.ordering.cancel(CancelOrder(order_id=_declined(shop, OnDecline.HOLD)), idempotency_key="cancelled")
    shop.ordering.cancel(CancelOrder(order_id=placed(shop, {"PLATE": 3}).id))
    unknown = placed(shop, {"MUG": 1}, token=TIMEOUT, external_reference="unknown")
    assert unknown.payment.is_unknown
    assert shop.ordering.get(waiting).payment.status == "declined"
    _shipments(shop)
    teapot = placed(shop, {"TEAPOT": 2})
    shop.catalogue.archive_product(ArchiveProduct(product_id=teapot.items[0].product_id))
    shop.admins.deactivate(DeactivateAdmin(admin_id=shop.admins.by_username("bob").id))


def _declined(shop: OrderCore, on_decline: OnDecline) -> UUID:
    try:
        shop.ordering.place(a_command({"MUG": 1}, token=DECLINED, on_decline=on_decline))
    except PaymentDeclined as refusal:
        return refusal.order_id
    raise AssertionError("the card that declines was accepted")


def _shipments(shop: OrderCore) -> None:
    shipped = placed(shop, {"MUG": 3, "BOWL": 1}, external_reference="shipped")
    shop.shipping.ship(ShipOrder(order_id=shipped.id), idempotency_key="shipped")
    delivered = placed(shop, {"MUG": 4}, external_reference="delivered")
    shop.shipping.ship(ShipOrder(order_id=delivered.id))
    shop.shipping.deliver(MarkDelivered(order_id=delivered.id))
    failing = placed(shop, {"BOWL": 2}, token=CAPTURE_FAILS)
    with suppress(MoneyUnavailable):
        shop.shipping.ship(ShipOrder(order_id=failing.id))
    claimed = placed(shop, {"BOWL": 3}, token=CAPTURE_TIMEOUT, external_reference="claimed")
    assert shop.shipping.ship(ShipOrder(order_id=claimed.id)).status == "pending"


def _imports(shop: OrderCore) -> None:
    few = AddProduct(sku="JUG", name="Jug", price=Money.of("20", "EUR"), quantity_in_stock=1, low_stock_threshold=1)
    shop.importing.products([few])
    imported = [
        ImportedOrder(key=f"basket-{n}", order=a_command({"MUG": n}), placed_at=datetime(2017, 1, n, tzinfo=UTC))
        for n in (1, 2, 3)
    ]
    shop.importing.orders(imported)
    (row,) = [each for each in shop.ordering.list().data if each.external_reference == "basket-3"]
    shop.ordering.cancel(CancelOrder(order_id=row.id))

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from ordercore.application.admins import AddAdmin, ChangePassword, DeactivateAdmin
from ordercore.application.catalogue import AddProduct, AdjustStock, ArchiveProduct, EditProduct, ReceiveStock
from ordercore.application.customers import EditCustomer, RegisterCustomer
from ordercore.application.housekeeping import Housekeeping
from ordercore.application.payments import ResolveAttempt
from ordercore.application.pricing import ItemRequest, Quote
from ordercore.application.shipping import MarkDelivered, ShipOrder
from ordercore.application.shop import OrderCore
from ordercore.application.steering import CancelOrder, CorrectAddress, HandOver, PayOrder
from ordercore.application.tokens import CreateToken, RevokeToken
from ordercore.application.work_items import SettleWorkItem
from ordercore.domain.actor import Permission
from ordercore.domain.errors import (
    Conflict,
    Malformed,
    NotFound,
    PermissionMissing,
    Rejected,
    StoreUnavailable,
    Unavailable,
)
from ordercore.domain.money import Money
from ordercore.domain.payment import AnswerKind
from ordercore.ports.gateway import Card
from ordercore.testing.builders import IDS
from tests.support.cores import ANN, HOME, VISA, a_command, a_shop, add, an_actor

ID = IDS.new()
PRICE = Money.of("1.00", "EUR")
PASSWORD = "correct horse"
P = Permission

Use = Callable[[OrderCore], Any]
USE_CASES: list[tuple[str, Permission, Use]] = [
    ("ordering.place", P.ORDERS_PLACE, lambda shop: shop.ordering.place(a_command())),
    ("ordering.place_many", P.ORDERS_PLACE, lambda shop: shop.ordering.place_many([])),
    (
        "ordering.quote",
        P.ORDERS_PLACE,
        lambda shop: shop.ordering.quote(Quote(items=(ItemRequest(sku="MUG", quantity=1),))),
    ),
    ("ordering.pay", P.ORDERS_PLACE, lambda shop: shop.ordering.pay(PayOrder(order_id=ID, token=VISA))),
    ("ordering.cancel", P.ORDERS_MANAGE, lambda shop: shop.ordering.cancel(CancelOrder(order_id=ID))),
    (
        "ordering.correct_address",
        P.ORDERS_MANAGE,
        lambda shop: shop.ordering.correct_address(CorrectAddress(order_id=ID, ship_to=HOME)),
    ),
    (
        "ordering.hand_over",
        P.ORDERS_MANAGE,
        lambda shop: shop.ordering.hand_over(HandOver(order_id=ID, manager_id=ID)),
    ),
    ("ordering.get", P.ORDERS_READ, lambda shop: shop.ordering.get(ID)),
    ("ordering.by_number", P.ORDERS_READ, lambda shop: shop.ordering.by_number(1)),
    ("ordering.list", P.ORDERS_READ, lambda shop: shop.ordering.list()),
    ("ordering.history", P.ORDERS_READ, lambda shop: shop.ordering.history(ID)),
    ("shipping.ship", P.ORDERS_MANAGE, lambda shop: shop.shipping.ship(ShipOrder(order_id=ID))),
    ("shipping.deliver", P.ORDERS_MANAGE, lambda shop: shop.shipping.deliver(MarkDelivered(order_id=ID))),
    ("shipping.get", P.ORDERS_READ, lambda shop: shop.shipping.get(ID)),
    ("shipping.of_order", P.ORDERS_READ, lambda shop: shop.shipping.of_order(ID)),
    ("shipping.list", P.ORDERS_READ, lambda shop: shop.shipping.list()),
    ("payments.list", P.PAYMENTS_READ, lambda shop: shop.payments.list()),
    (
        "payments.tokenise",
        P.ORDERS_PLACE,
        lambda shop: shop.payments.tokenise(Card(number="1", expiry_month=1, expiry_year=2030, cvc="1")),
    ),
    ("payments.settle", P.PAYMENTS_MANAGE, lambda shop: shop.payments.settle(ID)),
    (
        "payments.resolve",
        P.PAYMENTS_MANAGE,
        lambda shop: shop.payments.resolve(
            ResolveAttempt(order_id=ID, outcome=AnswerKind.DECLINED, reason="never heard of")
        ),
    ),
    ("work_items.list", P.PAYMENTS_READ, lambda shop: shop.work_items.list()),
    ("work_items.get", P.PAYMENTS_READ, lambda shop: shop.work_items.get(ID)),
    (
        "work_items.settle",
        P.PAYMENTS_MANAGE,
        lambda shop: shop.work_items.settle(SettleWorkItem(work_item_id=ID, reason="seen")),
    ),
    (
        "catalogue.add_product",
        P.PRODUCTS_MANAGE,
        lambda shop: shop.catalogue.add_product(AddProduct(sku="A", name="A", price=PRICE)),
    ),
    ("catalogue.add_products", P.PRODUCTS_MANAGE, lambda shop: shop.catalogue.add_products([])),
    (
        "catalogue.edit_product",
        P.PRODUCTS_MANAGE,
        lambda shop: shop.catalogue.edit_product(EditProduct(product_id=ID, name="A", price=PRICE)),
    ),
    (
        "catalogue.archive_product",
        P.PRODUCTS_MANAGE,
        lambda shop: shop.catalogue.archive_product(ArchiveProduct(product_id=ID)),
    ),
    (
        "catalogue.receive_stock",
        P.STOCK_MANAGE,
        lambda shop: shop.catalogue.receive_stock(ReceiveStock(product_id=ID, quantity=1)),
    ),
    (
        "catalogue.adjust_stock",
        P.STOCK_MANAGE,
        lambda shop: shop.catalogue.adjust_stock(AdjustStock(product_id=ID, change=1)),
    ),
    ("catalogue.get", P.PRODUCTS_READ, lambda shop: shop.catalogue.get(ID)),
    ("catalogue.by_sku", P.PRODUCTS_READ, lambda shop: shop.catalogue.by_sku("MUG")),
    ("catalogue.list", P.PRODUCTS_READ, lambda shop: shop.catalogue.list()),
    ("catalogue.movements", P.PRODUCTS_READ, lambda shop: shop.catalogue.movements(ID)),
    ("customers.register", P.CUSTOMERS_MANAGE, lambda shop: shop.customers.register(RegisterCustomer(contact=ANN))),
    (
        "customers.edit",
        P.CUSTOMERS_MANAGE,
        lambda shop: shop.customers.edit(EditCustomer(customer_id=ID, contact=ANN)),
    ),
    ("customers.get", P.CUSTOMERS_READ, lambda shop: shop.customers.get(ID)),
    ("customers.list", P.CUSTOMERS_READ, lambda shop: shop.customers.list()),
    ("admins.add", P.ADMINS_MANAGE, lambda shop: shop.admins.add(AddAdmin(username="ann", password=PASSWORD))),
    ("admins.deactivate", P.ADMINS_MANAGE, lambda shop: shop.admins.deactivate(DeactivateAdmin(admin_id=ID))),
    (
        "admins.change_password",
        P.ADMINS_MANAGE,
        lambda shop: shop.admins.change_password(ChangePassword(admin_id=ID, password=PASSWORD)),
    ),
    ("admins.get", P.ADMINS_READ, lambda shop: shop.admins.get(ID)),
    ("admins.by_username", P.ADMINS_READ, lambda shop: shop.admins.by_username("shop")),
    ("admins.list", P.ADMINS_READ, lambda shop: shop.admins.list()),
    (
        "tokens.create",
        P.TOKENS_MANAGE,
        lambda shop: shop.tokens.create(CreateToken(name="till", permissions=frozenset({P.ORDERS_READ}))),
    ),
    ("tokens.revoke", P.TOKENS_MANAGE, lambda shop: shop.tokens.revoke(RevokeToken(token_id=ID))),
    ("tokens.list", P.TOKENS_MANAGE, lambda shop: shop.tokens.list()),
    ("importing.product_import", P.PRODUCTS_MANAGE, lambda shop: shop.importing.product_import()),
    ("importing.known_products", P.PRODUCTS_MANAGE, lambda shop: shop.importing.known_products([])),
    ("importing.known_orders", P.ORDERS_MANAGE, lambda shop: shop.importing.known_orders([])),
    ("importing.products", P.PRODUCTS_MANAGE, lambda shop: shop.importing.products([])),
    ("importing.orders", P.ORDERS_MANAGE, lambda shop: shop.importing.orders([])),
    ("events", P.ORDERS_READ, lambda shop: shop.events()),
    ("examine", P.ALL, lambda shop: shop.examine()),
]
EVERYTHING = frozenset(P) - {P.ALL}


@pytest.mark.parametrize(("name", "permission", "use"), USE_CASES, ids=[name for name, _, _ in USE_CASES])
def test_every_use_case_refuses_an_actor_without_its_permission(name: str, permission: Permission, use: Use) -> None:
    shop = a_shop()
    add(shop)
    with pytest.raises(PermissionMissing) as caught:
        use(shop.acting_as(an_actor(*EVERYTHING - {permission})))
    assert caught.value.permission == permission.value, name


@pytest.mark.parametrize(
    ("permission", "use"),
    [(permission, use) for _, permission, use in USE_CASES],
    ids=[name for name, _, _ in USE_CASES],
)
def test_its_permission_is_enough_for_every_use_case(permission: Permission, use: Use) -> None:
    shop = a_shop()
    add(shop)
    with suppress(Malformed, NotFound, Conflict, Rejected, Unavailable):
        use(shop.acting_as(an_actor(permission)))


def test_every_public_use_case_is_in_the_table() -> None:
    shop = a_shop()
    capabilities = (
        *("ordering", "shipping", "payments", "work_items", "catalogue"),
        *("customers", "admins", "tokens", "importing"),
    )
    public = {
        f"{capability}.{name}"
        for capability in capabilities
        for name in vars(type(getattr(shop, capability)))
        if not name.startswith("_")
    }
    assert public - {name for name, _, _ in USE_CASES} == {"ordering.run"}


def test_only_the_system_keeps_house() -> None:
    with pytest.raises(PermissionMissing):
        Housekeeping(a_shop().core, an_actor(*EVERYTHING)).run_round()


def test_lists_have_one_implementation_and_memory_is_not_it() -> None:
    shop = a_shop()
    for use in (use for name, _, use in USE_CASES if name.endswith((".list", "events"))):
        with pytest.raises(StoreUnavailable):
            use(shop)


def test_a_shop_is_closed_with_its_block_for_every_actor() -> None:
    closed: list[bool] = []
    core = a_shop().core
    with OrderCore(core, close=lambda: closed.append(True)) as shop:
        assert shop.is_ready()
        assert list(shop.examine()) == []
        other = shop.acting_as(an_actor(P.ALL))
    assert closed == [True]
    other.close()
    assert closed == [True, True]
    OrderCore(core).close()


def test_the_clock_of_tests_stands_still() -> None:
    shop = a_shop()
    before = shop.clock.now()
    shop.clock.advance(timedelta(seconds=1))
    assert shop.clock.now() - before == timedelta(seconds=1)

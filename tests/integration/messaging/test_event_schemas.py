"""Every event that a busy shop stores is what the AsyncAPI document says it is."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

import ordercore
from ordercore import (
    AddAdmin,
    AddProduct,
    Address,
    AdjustStock,
    ArchiveProduct,
    CancelOrder,
    Contact,
    CorrectAddress,
    CreateToken,
    DeactivateAdmin,
    EditCustomer,
    EditProduct,
    HandOver,
    ItemRequest,
    MarkDelivered,
    Money,
    OnDecline,
    OrderCore,
    PaymentDetails,
    PayOrder,
    Permission,
    PlaceOrder,
    ReceiveStock,
    RegisterCustomer,
    RevokeToken,
    ShipOrder,
)
from ordercore.adapters.messaging.cloudevents import document
from ordercore.domain.errors import PaymentDeclined
from ordercore.entrypoints.http import asyncapi
from tests.support.envelopes import an_envelope

ANNA = Contact(name="Anna Meyer", email="anna@example.com")
HOME = Address(line1="1 Elm Street", city="Cincinnati", region="OH", postal_code="45202", country="US")
PRICE = Money.of("2.50", "EUR")
Stored = Sequence[tuple[str, str]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Type and data of each event, as they lie in the file."""
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    with ordercore.open(f"sqlite:///{file}") as shop:
        manager = run_a_team(shop)
        run_a_catalogue(shop)
        run_orders(shop, manager)
    return rows_of(file)


def run_a_team(shop: OrderCore) -> UUID:
    left = shop.admins.add(AddAdmin(username="left", password="correct horse battery"))
    shop.admins.deactivate(DeactivateAdmin(admin_id=left.id, reason="left us"))
    token, _ = shop.tokens.create(CreateToken(name="till", permissions=frozenset({Permission.ORDERS_READ})))
    shop.tokens.revoke(RevokeToken(token_id=token.id))
    return shop.admins.add(AddAdmin(username="maria", password="correct horse battery")).id


def run_a_catalogue(shop: OrderCore) -> None:
    mug = AddProduct(sku="MUG", name="Mug", price=PRICE, quantity_in_stock=40, low_stock_threshold=5)
    product = shop.catalogue.add_product(mug)
    shop.catalogue.adjust_stock(AdjustStock(product_id=product.id, change=-38, reason="broken"))
    shop.catalogue.receive_stock(ReceiveStock(product_id=product.id, quantity=100))
    shop.catalogue.edit_product(EditProduct(product_id=product.id, name="Large mug", price=PRICE))
    old = shop.catalogue.add_product(AddProduct(sku="OLD", name="Old", price=PRICE))
    shop.catalogue.archive_product(ArchiveProduct(product_id=old.id))
    customer = shop.customers.register(RegisterCustomer(contact=ANNA))
    shop.customers.edit(EditCustomer(customer_id=customer.id, contact=ANNA, address=HOME, locale="de"))


def run_orders(shop: OrderCore, manager: UUID) -> None:
    order = shop.ordering.place(an_order("tok_visa"))
    shop.ordering.correct_address(CorrectAddress(order_id=order.id, ship_to=HOME))
    shop.ordering.hand_over(HandOver(order_id=order.id, manager_id=manager))
    shop.shipping.ship(ShipOrder(order_id=order.id))
    shop.shipping.deliver(MarkDelivered(order_id=order.id))
    with pytest.raises(PaymentDeclined) as declined:
        shop.ordering.place(an_order("tok_chargeDeclined", on_decline=OnDecline.HOLD))
    held = shop.ordering.by_number(int(declined.value.order_number))
    shop.ordering.pay(PayOrder(order_id=held.id, token="tok_visa"))
    shop.ordering.cancel(CancelOrder(order_id=held.id, reason="changed her mind"))
    shop.ordering.place(an_order("tok_timeout"))


def an_order(token: str, **details: Any) -> PlaceOrder:
    items = (ItemRequest(sku="MUG", quantity=2),)
    return PlaceOrder(customer=ANNA, ship_to=HOME, items=items, payment=PaymentDetails(token=token), **details)


def rows_of(file: Path) -> Stored:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("SELECT type, payload FROM events").fetchall()
    finally:
        connection.close()


def validated(data: object, name: str) -> None:
    """Against the strict schema: what is not described is an error."""
    components = asyncapi.data_schemas().components
    reference = {"$ref": f"#/components/schemas/{asyncapi.event_types()[name].__name__}"}
    schema = {**reference, "components": {"schemas": components}}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(data)


def test_every_stored_event_is_described_to_the_last_member(stored: Stored) -> None:
    for name, payload in stored:
        validated(json.loads(payload), name)


def test_the_run_has_met_most_types(stored: Stored) -> None:
    met = {name for name, _ in stored}
    assert met <= set(asyncapi.event_types())
    assert len(met) >= 25, sorted(set(asyncapi.event_types()) - met)


def test_every_envelope_is_described_too(stored: Stored) -> None:
    described = asyncapi.document(version="1")
    for name, payload in stored:
        schema = described["components"]["messages"][name]["payload"]
        body = json.loads(document(an_envelope(type=name, payload=json.loads(payload))))
        Draft202012Validator({**schema, "components": described["components"]}).validate(body)


def test_an_event_that_is_not_as_described_is_seen(stored: Stored) -> None:
    name, payload = next(each for each in stored if each[0] == "order.placed.v1")
    data = json.loads(payload)
    for offence in ({**data, "surprise": 1}, {**data, "total_minor": "500"}, {**data, "customer_id": "Anna"}):
        with pytest.raises(ValidationError):
            validated(offence, name)

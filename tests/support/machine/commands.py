"""The only place where requests in the model's words become commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from attrs import frozen

from ordercore import (
    Actor,
    ActorKind,
    AddAdmin,
    AddProduct,
    Address,
    AdjustStock,
    ArchiveProduct,
    CancelOrder,
    Contact,
    CorrectAddress,
    CustomerReference,
    DeactivateAdmin,
    EditCustomer,
    EditProduct,
    HandOver,
    ItemRequest,
    MarkDelivered,
    Money,
    OnDecline,
    PaymentDetails,
    PayOrder,
    PlaceOrder,
    ReceiveStock,
    RegisterCustomer,
    ShipOrder,
)
from ordercore.domain.actor import EMBEDDING
from tests.support.model import Model, Row

ACTORS = {
    "embedding": EMBEDDING,
    "token": Actor(kind=ActorKind.TOKEN, id=UUID(int=77), origin="http"),
}


@frozen
class Request:
    """Something asked of the core, in the model's words."""

    operation: str
    actor: str
    key: str | None
    spec: Row


def asked(operation: str, who: tuple[str, str | None], spec: Row) -> Request:
    """A request of somebody, who may name a key."""
    return Request(operation, who[0], who[1], spec)


def _address(line1: str) -> Address:
    return Address(line1=line1, city="Springfield", country="US")


def items_of(spec: Row) -> tuple[ItemRequest, ...]:
    return tuple(ItemRequest(sku=sku, quantity=quantity) for sku, quantity in spec["items"])


def placing(spec: Row) -> PlaceOrder:
    kind, who = spec["customer"]
    expected = spec["expected"]
    return PlaceOrder(
        customer=CustomerReference(id=who) if kind == "known" else Contact(name=f"Guest {who}", email=who),
        ship_to=_address(spec["line1"]) if spec["line1"] is not None else None,
        items=items_of(spec),
        payment=PaymentDetails(token=spec["token"]) if spec["token"] is not None else None,
        expected_total=Money(*expected) if expected is not None else None,
        on_decline=OnDecline(spec["on_decline"]),
    )


def _id_of(model: Model, spec: Row) -> UUID:
    id: UUID = model.products[spec["sku"]]["id"]
    return id


def _details(spec: Row) -> dict[str, Any]:
    price = Money(spec["price"], spec["currency"])
    return {"name": spec["name"], "price": price, "low_stock_threshold": spec["threshold"]}


def _contact(spec: Row) -> dict[str, Any]:
    address = _address(spec["line1"]) if spec["line1"] is not None else None
    return {"contact": Contact(name=spec["name"], email=spec["email"]), "address": address}


COMMANDS: dict[str, Callable[[Model, Row, int | None], object]] = {
    "pay": lambda _, spec, __: PayOrder(order_id=spec["order"], token=spec["token"]),
    "cancel": lambda _, spec, version: CancelOrder(order_id=spec["order"], expected_version=version),
    "ship": lambda _, spec, version: ShipOrder(order_id=spec["order"], expected_version=version),
    "deliver": lambda _, spec, version: MarkDelivered(order_id=spec["order"], expected_version=version),
    "correct": lambda _, spec, version: CorrectAddress(
        order_id=spec["order"], ship_to=_address(spec["line1"]), expected_version=version
    ),
    "hand_over": lambda _, spec, __: HandOver(order_id=spec["order"], manager_id=spec["admin"]),
    "add_product": lambda _, spec, __: AddProduct(
        sku=spec["sku"], quantity_in_stock=spec["quantity"], **_details(spec)
    ),
    "edit_product": lambda model, spec, version: EditProduct(
        product_id=_id_of(model, spec), expected_version=version, **_details(spec)
    ),
    "archive": lambda model, spec, _: ArchiveProduct(product_id=_id_of(model, spec)),
    "receive": lambda model, spec, _: ReceiveStock(product_id=_id_of(model, spec), quantity=spec["quantity"]),
    "adjust": lambda model, spec, _: AdjustStock(product_id=_id_of(model, spec), change=spec["change"]),
    "register": lambda _, spec, __: RegisterCustomer(**_contact(spec)),
    "edit_customer": lambda _, spec, version: EditCustomer(
        customer_id=spec["customer"], expected_version=version, **_contact(spec)
    ),
    "add_admin": lambda _, spec, __: AddAdmin(username=spec["username"], password="long enough, this one"),
    "deactivate": lambda _, spec, __: DeactivateAdmin(admin_id=spec["admin"]),
}
